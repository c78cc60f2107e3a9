import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { defineError } from '@tradewind/service-kit/errors'
import type { LRUCache } from 'lru-cache'
import { type AnyBulkWriteOperation, type Collection, MongoBulkWriteError, type WriteError } from 'mongodb'
import {
  type AggregateDocument,
  changeDocument,
  newDocument,
  type OutboxEntry,
  type Stored,
  type TracedEvent,
  toState,
  withOutbox,
} from './aggregate-document.ts'
import { type Announceable, type Decision, isAsked } from './decision.ts'
import { withLongs } from './integers.ts'

export const TooMuchContention = defineError(
  'DATABASE_CONTENTION',
  'unavailable',
  'Too many writers changed the same document at once. Try again in a moment.',
)
export const TooManyWaiting = defineError(
  'DATABASE_TOO_MANY_WAITING',
  'unavailable',
  'More writes are waiting than the database takes. Try again in a moment.',
)
export const DuplicateKey = defineError(
  'DATABASE_DUPLICATE_KEY',
  'conflict',
  'A document with this key exists already.',
)

/** Aggregates written by one database command. */
const batchSize = 256
/** Commands under way at once, per collection. */
const maxInFlight = 4
/** Decisions waiting, per collection. */
const maxWaiting = 20_000
/** Decisions for one aggregate that share one write. */
const maxFolded = 512
/** How often other writers may be faster before a caller is told. */
const maxAttempts = 60
/** How long what is in memory is not trusted after another writer was faster: it writes these documents, too. */
const distrustMs = 1000
/** What this process wrote so recently is trusted even then: whoever met it at that document waits. */
const ownWriteMs = 200
/**
 * Writers that met at one document wait for a random time, as long as some of their writes take, and let the faster one go
 * on for a while with what it has in memory. Never longer than this.
 */
const longestTurnMs = 300
const writesPerTurn = 4

interface Command<S> {
  readonly id: string
  readonly decide: (state: (S & Stored) | undefined) => Decision<S>
  readonly traceparent: string | undefined
  /** True for a plain insert: nothing is loaded first. */
  readonly mustBeNew: boolean
}

interface Waiting<S> extends Command<S> {
  readonly resolve: (state: (S & Stored) | undefined) => void
  readonly reject: (error: unknown) => void
  attempts: number
}

interface Mailbox<S> {
  waiting: Waiting<S>[]
  busy: boolean
}

/** What the decisions for one aggregate came to. */
interface Folded<S> {
  readonly id: string
  readonly taken: readonly Waiting<S>[]
  readonly settle: readonly (() => void)[]
  readonly announceAgain: readonly Announceable[]
  readonly before: AggregateDocument | undefined
  readonly write?: {
    readonly next: AggregateDocument
    readonly added: readonly OutboxEntry[]
    readonly operation: AnyBulkWriteOperation<AggregateDocument>
  }
}

interface GroupCommitOptions {
  readonly collection: Collection<AggregateDocument>
  readonly cache: LRUCache<string, AggregateDocument>
  readonly now: () => Date
  /** Told how many writes another writer forestalled, each of which is then decided again. */
  readonly onConflict?: ((writes: number) => void) | undefined
  /** Told of entries that are durable: new ones, and old ones that somebody asked for again. */
  readonly onCommitted: (document: AggregateDocument, entries: readonly OutboxEntry[], repeated: boolean) => void
}

/**
 * Gathers the commands of a few moments and writes them together: one read for all aggregates that are not in memory,
 * then the decisions one after another, then one bulk command of single-document updates, each guarded by the version
 * it was decided on. A hot aggregate costs one write for all that came while the last was under way. A caller hears
 * only what a guarded write, or a fresh read, has proved.
 */
export function createGroupCommit<S extends { id: string }>(options: GroupCommitOptions) {
  const { collection, cache, now, onCommitted } = options
  const mailboxes = new Map<string, Mailbox<S>>()
  const ready = new Set<string>()
  let inFlight = 0
  let waitingCount = 0
  let scheduled = false
  let distrustedUntil = 0
  const writtenAt = new WeakMap<AggregateDocument, number>()

  function schedule() {
    if (scheduled || ready.size === 0 || inFlight >= maxInFlight) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      while (ready.size > 0 && inFlight < maxInFlight) void startBatch()
    })
  }

  async function startBatch(): Promise<void> {
    const batch = new Map<string, Waiting<S>[]>()
    for (const id of ready) {
      if (batch.size === batchSize) break
      ready.delete(id)
      const mailbox = mailboxes.get(id)
      if (mailbox === undefined) continue
      mailbox.busy = true
      batch.set(id, mailbox.waiting.splice(0, maxFolded))
    }
    inFlight += 1
    try {
      await commitBatch(batch)
    } catch (error) {
      // The outcome is unknown or nothing happened: whoever asked is told, and what is in memory is not trusted any more.
      for (const [id, taken] of batch) {
        cache.delete(id)
        for (const { reject } of taken) reject(error)
      }
    } finally {
      inFlight -= 1
      for (const [id, taken] of batch) release(id, taken.length)
      schedule()
    }
  }

  function release(id: string, count: number) {
    waitingCount -= count
    const mailbox = mailboxes.get(id)
    if (mailbox === undefined) return
    mailbox.busy = false
    if (mailbox.waiting.length > 0) ready.add(id)
    else mailboxes.delete(id)
  }

  async function commitBatch(batch: ReadonlyMap<string, Waiting<S>[]>): Promise<void> {
    let remaining = batch
    let mayUseCache = true
    while (remaining.size > 0) {
      const startedAt = performance.now()
      const documents = await load(remaining, mayUseCache)
      const again = new Map<string, Waiting<S>[]>()
      const writes: Folded<S>[] = []
      for (const [id, taken] of remaining) {
        const { document, fresh } = documents.get(id) ?? { document: undefined, fresh: true }
        const folded = fold(id, taken, document)
        if (folded.write !== undefined) writes.push(folded)
        else if (fresh) finish(folded, document)
        else again.set(id, taken)
      }
      const forestalled = await write(writes)
      if (forestalled.length > 0) {
        options.onConflict?.(forestalled.length)
        distrustedUntil = performance.now() + distrustMs
      }
      for (const folded of forestalled) {
        cache.delete(folded.id)
        const retried = folded.taken.filter((waiting) => {
          waiting.attempts += 1
          if (waiting.attempts < maxAttempts) return true
          waiting.reject(TooMuchContention({ id: folded.id }))
          return false
        })
        if (retried.length > 0) again.set(folded.id, retried)
      }
      remaining = again
      mayUseCache = false
      if (forestalled.length > 0 && remaining.size > 0) {
        const turnMs = Math.min(longestTurnMs, writesPerTurn * (performance.now() - startedAt))
        await delay(Math.random() * turnMs)
        for (const [id, taken] of remaining) joinWaiting(id, taken, batch.get(id))
      }
    }
  }

  /** Takes in those who came while others were faster: they share the next write instead of waiting for one of their own. */
  function joinWaiting(id: string, taken: Waiting<S>[], inBatch: Waiting<S>[] | undefined) {
    const joining = mailboxes.get(id)?.waiting.splice(0, maxFolded - taken.length) ?? []
    taken.push(...joining)
    if (taken !== inBatch) inBatch?.push(...joining)
  }

  function trusted(id: string): AggregateDocument | undefined {
    const document = cache.get(id)
    const at = performance.now()
    if (document === undefined || at >= distrustedUntil) return document
    return at - (writtenAt.get(document) ?? 0) < ownWriteMs ? document : undefined
  }

  async function load(batch: ReadonlyMap<string, readonly Waiting<S>[]>, mayUseCache: boolean) {
    const found = new Map<string, { document: AggregateDocument | undefined; fresh: boolean }>()
    const missing: string[] = []
    for (const [id, taken] of batch) {
      const document = mayUseCache ? trusted(id) : undefined
      if (document !== undefined) found.set(id, { document, fresh: false })
      else if (!(mayUseCache && taken.every(({ mustBeNew }) => mustBeNew))) missing.push(id)
    }
    if (missing.length > 0) {
      for (const id of missing) found.set(id, { document: undefined, fresh: true })
      for (const document of await collection.find({ _id: { $in: missing } }).toArray()) {
        found.set(document._id, { document: withOutbox(document), fresh: true })
      }
    }
    return found
  }

  function fold(id: string, taken: readonly Waiting<S>[], before: AggregateDocument | undefined): Folded<S> {
    const at = now()
    const times = { createdAt: before?.createdAt ?? at, updatedAt: at }
    let version = before?.version ?? 0
    let state = before === undefined ? undefined : toState<S>(before)
    const events: TracedEvent[] = []
    const settle: (() => void)[] = []
    const announceAgain: Announceable[] = []
    for (const { decide, traceparent, mustBeNew, resolve, reject } of taken) {
      if (mustBeNew && state !== undefined) {
        settle.push(() => reject(DuplicateKey({ id, index: '_id_' })))
        continue
      }
      try {
        const decision = decide(state)
        if (decision.kind === 'changed') {
          version += 1
          for (const event of decision.events) events.push({ event, traceparent })
          state = { ...decision.state, ...times, version }
        }
        announceAgain.push(...decision.announceAgain)
        const answer = state
        settle.push(() => resolve(answer))
      } catch (error) {
        settle.push(() => reject(error))
      }
    }
    const folded = { id, taken, settle, announceAgain, before }
    if (state === undefined || version === (before?.version ?? 0)) return folded
    const context = { now: at, writeId: randomUUID(), version }
    if (before === undefined) {
      const next = newDocument(id, state, events, context)
      const operation = { insertOne: { document: withLongs(next) } }
      return { ...folded, write: { next, added: next.outbox.entries, operation } }
    }
    const { next, added, filter, update } = changeDocument(before, state, events, context)
    const operation = { updateOne: { filter, update: withLongs(update) } }
    return { ...folded, write: { next, added, operation } }
  }

  /** Writes all and gives back those that another writer forestalled. */
  async function write(all: readonly Folded<S>[]): Promise<readonly Folded<S>[]> {
    if (all.length === 0) return []
    const operations = all.flatMap(({ write: { operation } = {} }) => (operation === undefined ? [] : [operation]))
    let failed: readonly WriteError[] = []
    let applied: number
    try {
      const result = await collection.bulkWrite(operations, { ordered: false })
      applied = result.matchedCount + result.insertedCount
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error
      failed = [error.writeErrors].flat()
      if (failed.length === 0) throw error
      applied = error.matchedCount + error.insertedCount
    }
    if (applied === all.length) {
      for (const folded of all) finish(folded, folded.write?.next)
      return []
    }
    return sortOut(all, failed)
  }

  async function sortOut(all: readonly Folded<S>[], failed: readonly WriteError[]) {
    const errors = new Map(failed.map((error) => [error.index, error]))
    const ids = all.filter((_, index) => !errors.has(index)).map(({ id }) => id)
    const stored = await collection.find({ _id: { $in: ids } }, { projection: { writeId: 1 } }).toArray()
    const lastWrites = new Map(stored.map(({ _id, writeId }) => [_id, writeId]))
    return all.filter((folded, index) => {
      const error = errors.get(index)
      if (error !== undefined) return mustBeDecidedAgain(folded, error)
      if (folded.write === undefined || lastWrites.get(folded.id) !== folded.write.next.writeId) return true
      finish(folded, folded.write.next)
      return false
    })
  }

  function mustBeDecidedAgain({ id, taken }: Folded<S>, error: WriteError): boolean {
    if (error.code !== 11000) {
      for (const { reject } of taken) reject(error)
      return false
    }
    const index = /index: (\S+)/.exec(error.errmsg ?? '')?.[1]
    if (index === '_id_') return true
    for (const { reject } of taken) reject(DuplicateKey({ id, index }, { cause: error }))
    return false
  }

  function finish({ id, settle, announceAgain, write: written }: Folded<S>, document: AggregateDocument | undefined) {
    if (document !== undefined) {
      cache.set(id, document)
      if (written !== undefined) {
        writtenAt.set(document, performance.now())
        onCommitted(document, written.added, false)
      }
      const repeated = announceAgain.flatMap(
        (asked) => document.outbox.entries.findLast((entry) => isAsked(asked, entry)) ?? [],
      )
      if (repeated.length > 0) onCommitted(document, repeated, true)
    }
    for (const tell of settle) tell()
  }

  return (command: Command<S>): Promise<(S & Stored) | undefined> => {
    if (waitingCount >= maxWaiting) return Promise.reject(TooManyWaiting())
    waitingCount += 1
    return new Promise((resolve, reject) => {
      let mailbox = mailboxes.get(command.id)
      if (mailbox === undefined) {
        mailbox = { waiting: [], busy: false }
        mailboxes.set(command.id, mailbox)
      }
      mailbox.waiting.push({ ...command, resolve, reject, attempts: 0 })
      if (!mailbox.busy) ready.add(command.id)
      schedule()
    })
  }
}
