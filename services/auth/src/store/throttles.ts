import { type Db, MongoServerError } from 'mongodb'
import type { ThrottlePolicy } from '../domain/throttle.ts'

/**
 * Limits that all replicas share. Each is one document with the time at which all that was taken will have come back
 * (the generic cell rate algorithm, ITU-T I.371), so taking is one guarded update and nothing has to be counted down.
 */
export interface Throttles {
  /** Takes one if there is one. Answers how long to wait for the next, zero when it was taken. */
  readonly take: (policy: ThrottlePolicy, subject: string) => Promise<number>
  /** Gives back one that was taken. */
  readonly giveBack: (policy: ThrottlePolicy, subject: string) => Promise<void>
  /** How long to wait until there is one, zero when there is. Takes nothing. */
  readonly waitFor: (policy: ThrottlePolicy, subject: string) => Promise<number>
  /** Takes one even where there is none, so that many at the same moment are paid for afterwards. */
  readonly charge: (policy: ThrottlePolicy, subject: string) => Promise<void>
}

interface ThrottleDocument {
  readonly _id: string
  /** Milliseconds since 1970 until which what was taken is not back. */
  readonly until: number
  readonly taken?: boolean
  /** Only tidies up: what is past has no effect. */
  readonly expiresAt: Date
}

/** Debts end after so many windows, however much was charged. */
const mostWindows = 24

const stepOf = ({ windowMs, limit }: ThrottlePolicy) => windowMs / limit
const slackOf = (policy: ThrottlePolicy) => policy.windowMs - stepOf(policy)
const idOf = ({ name }: ThrottlePolicy, subject: string) => `${name}/${subject}`

export function createThrottles(db: Db, now: () => Date): Throttles {
  const collection = db.collection<ThrottleDocument>('throttles')

  async function update(id: string, stages: Record<string, unknown>[]): Promise<ThrottleDocument | null> {
    const expiry = { $set: { expiresAt: { $toDate: { $toLong: '$until' } } } }
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

  const start = (at: number) => ({ $set: { until: { $max: [{ $ifNull: ['$until', at] }, at] } } })

  return {
    take: async (policy, subject) => {
      const at = now().getTime()
      const latest = at + slackOf(policy)
      const after = await update(idOf(policy, subject), [
        start(at),
        { $set: { taken: { $lte: ['$until', latest] } } },
        { $set: { until: { $cond: ['$taken', { $add: ['$until', stepOf(policy)] }, '$until'] } } },
      ])
      if (after === null || after.taken === true) return 0
      return after.until - latest
    },
    giveBack: async (policy, subject) => {
      await collection.updateOne({ _id: idOf(policy, subject) }, { $inc: { until: -stepOf(policy) } })
    },
    waitFor: async (policy, subject) => {
      const found = await collection.findOne({ _id: idOf(policy, subject) })
      return found === null ? 0 : Math.max(0, found.until - (now().getTime() + slackOf(policy)))
    },
    charge: async (policy, subject) => {
      const at = now().getTime()
      const most = at + mostWindows * policy.windowMs
      await update(idOf(policy, subject), [
        start(at),
        { $set: { until: { $min: [{ $add: ['$until', stepOf(policy)] }, most] } } },
      ])
    },
  }
}
