import { shareReads } from '@tradewind/database/share-reads'
import { type AnyBulkWriteOperation, type Collection, MongoServerError } from 'mongodb'
import type { ThrottlePolicy } from '../domain/throttle.ts'

/**
 * Limits that all replicas share. Each is one document with the time at which all that was taken will have come back
 * (the generic cell rate algorithm, ITU-T I.371), so taking is one guarded update and nothing has to be counted down.
 */
export interface Budgets {
  /** Takes one if there is one. Answers how long to wait for the next, zero when it was taken. */
  readonly take: (policy: ThrottlePolicy, id: string) => Promise<number>
  /** The same of a document that is there and has not expired, which then stays as long as it would have. */
  readonly takeExisting: (policy: ThrottlePolicy, id: string) => Promise<TakenOfExisting | undefined>
  /** Gives back one that was taken: for who takes next in this process at once, for the others within a moment. */
  readonly giveBack: (policy: ThrottlePolicy, id: string) => void
  /** How long to wait until there is one, zero when there is. Takes nothing. */
  readonly waitFor: (policy: ThrottlePolicy, id: string) => Promise<number>
  /** Takes one even where there is none, so that many at the same moment are paid for afterwards. */
  readonly charge: (policy: ThrottlePolicy, id: string) => Promise<void>
  /** Writes what was given back. */
  readonly flush: () => Promise<void>
}

export interface TakenOfExisting {
  readonly waitMs: number
  readonly expiresAt: Date
}

export interface BudgetDocument {
  readonly _id: string
  /** Milliseconds since 1970 until which what was taken is not back. Missing as long as nothing was. */
  readonly until?: number
  readonly taken?: boolean
  readonly expiresAt: Date
}

/** Debts end after so many windows, however much was charged. More than that was written by a clock that was wrong. */
const mostWindows = 24
/** What is given back is written so much later, many in one command. What a crash loses comes back by itself. */
const giveBackDelayMs = 100
const giveBackBatch = 1000

const stepOf = ({ windowMs, limit }: ThrottlePolicy) => windowMs / limit
const mostOf = ({ windowMs }: ThrottlePolicy, at: number) => at + mostWindows * windowMs
const slackOf = (policy: ThrottlePolicy) => policy.windowMs - stepOf(policy)

export function createBudgets(collection: Collection<BudgetDocument>, now: () => Date): Budgets {
  const byId = shareReads(async (ids) => {
    const found = await collection.find({ _id: { $in: [...ids] } }).toArray()
    return new Map(found.map((document) => [document._id, document]))
  })
  let givenBack = new Map<string, number>()
  let timer: NodeJS.Timeout | undefined
  // What is past has no effect, so this only tidies up.
  const expiry = { $set: { expiresAt: { $toDate: { $toLong: '$until' } } } }

  async function upsert(id: string, stages: Record<string, unknown>[]): Promise<BudgetDocument | null> {
    const run = () =>
      collection.findOneAndUpdate({ _id: id }, [...stages, expiry], { upsert: true, returnDocument: 'after' })
    try {
      return await run()
    } catch (error) {
      // Two may create the same document; the second finds it.
      if (error instanceof MongoServerError && error.code === 11000) return await run()
      throw error
    }
  }

  /** What was given back here and is not written yet goes with the next that is taken. */
  function collect(id: string): number {
    const milliseconds = givenBack.get(id) ?? 0
    givenBack.delete(id)
    return milliseconds
  }

  const start = (policy: ThrottlePolicy, at: number, creditMs = 0) => {
    const credited = { $max: [{ $subtract: [{ $ifNull: ['$until', at] }, creditMs] }, at] }
    return { $set: { until: { $cond: [{ $gt: ['$until', mostOf(policy, at)] }, at, credited] } } }
  }
  const takeStages = (policy: ThrottlePolicy, at: number, creditMs: number) => [
    start(policy, at, creditMs),
    { $set: { taken: { $lte: ['$until', at + slackOf(policy)] } } },
    { $set: { until: { $cond: ['$taken', { $add: ['$until', stepOf(policy)] }, '$until'] } } },
  ]
  const waitAfter = (policy: ThrottlePolicy, at: number, { taken, until = at }: BudgetDocument) =>
    taken === true ? 0 : until - (at + slackOf(policy))

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const all = [...givenBack]
    givenBack = new Map()
    for (let first = 0; first < all.length; first += giveBackBatch) {
      const operations = all.slice(first, first + giveBackBatch).map(
        ([_id, milliseconds]): AnyBulkWriteOperation<BudgetDocument> => ({
          updateOne: { filter: { _id }, update: { $inc: { until: -milliseconds } } },
        }),
      )
      await collection.bulkWrite(operations, { ordered: false })
    }
  }

  return {
    take: async (policy, id) => {
      const at = now().getTime()
      const after = await upsert(id, takeStages(policy, at, collect(id)))
      return after === null ? 0 : waitAfter(policy, at, after)
    },
    takeExisting: async (policy, id) => {
      const at = now()
      const after = await collection.findOneAndUpdate(
        { _id: id, expiresAt: { $gt: at } },
        takeStages(policy, at.getTime(), collect(id)),
        { returnDocument: 'after' },
      )
      if (after === null) return undefined
      return { waitMs: waitAfter(policy, at.getTime(), after), expiresAt: after.expiresAt }
    },
    giveBack: (policy, id) => {
      givenBack.set(id, (givenBack.get(id) ?? 0) + stepOf(policy))
      timer ??= setTimeout(() => {
        // What cannot be written is missing from a budget until it comes back by itself, as it does without this.
        flush().catch(() => undefined)
      }, giveBackDelayMs)
    },
    waitFor: async (policy, id) => {
      const found = (await byId([id])).get(id)
      const [at, until] = [now().getTime(), found?.until ?? 0]
      return until > mostOf(policy, at) ? 0 : Math.max(0, until - (at + slackOf(policy)))
    },
    charge: async (policy, id) => {
      const at = now().getTime()
      const added = { $min: [{ $add: ['$until', stepOf(policy)] }, mostOf(policy, at)] }
      await upsert(id, [start(policy, at), { $set: { until: added } }])
    },
    flush,
  }
}
