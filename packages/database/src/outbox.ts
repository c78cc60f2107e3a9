import type { LRUCache } from 'lru-cache'
import type { AnyBulkWriteOperation, Collection, Db } from 'mongodb'
import type { AggregateDocument, OutboxEntry } from './aggregate-document.ts'

export type { OutboxEntry } from './aggregate-document.ts'

/** Entries of one aggregate that are durable and ought to be published, in order. */
export interface Announcement {
  readonly aggregateId: string
  readonly entries: readonly OutboxEntry[]
  /** True when they went out before and are asked for again, so there is nothing to mark. */
  readonly repeated: boolean
}

/** One collection's outboxes as a relay sees them. */
export interface Outbox {
  readonly name: string
  /** Called right after a write with what it added. One listener; without one, entries wait for `pending`. */
  readonly onAnnouncement: (listener: (announcement: Announcement) => void) => void
  /** Notes that the entries from `first` to `last` of an aggregate are with the broker. Written a moment later, many together. */
  readonly markPublished: (aggregateId: string, first: number, last: number) => void
  /** What was added before `before` and is not marked: what a crash or a broker's absence left behind. */
  readonly pending: (before: Date, limit: number) => Promise<readonly Announcement[]>
  /** Has everything sent again that was added since, whether the broker had it or not. Marks that were noted before are void. */
  readonly replay: (since: Date, at: Date) => Promise<void>
  readonly publications: Publications
  /** Writes all marks now. Throws the driver's error; what was not marked is published again by the sweep, and marked then. */
  readonly flush: () => Promise<void>
  /** When the oldest entry that is not marked was added; undefined when there is none. */
  readonly oldestPendingAt: () => Promise<Date | undefined>
}

/** Where an event lies in its stream. */
export interface Publication {
  readonly eventId: string
  readonly streamSequence: number
}

/** What a database remembers of the last event that any of its outboxes published, so that the next process can ask the broker for it. */
export interface Publications {
  /** Undefined when there is none. */
  readonly last: () => Promise<Publication | undefined>
  readonly remember: (publication: Publication) => Promise<void>
}

/** The index that `pending` uses: a part of the first migration of every collection of aggregates. */
export const outboxIndex = { key: { 'outbox.pendingAt': 1 }, name: 'outbox_pending', sparse: true } as const

/**
 * Marks wait this long for company: most of what happens to an order happens within a second and is marked in one write.
 * Losing them costs a second publication, which every consumer ignores.
 */
const markDelayMs = 1000
/** Marks of one bulk command. */
const markBatch = 1000

interface Range {
  readonly first: number
  readonly last: number
}

interface StoredPublication extends Publication {
  readonly _id: 'last'
}

type Announce = (document: AggregateDocument, entries: readonly OutboxEntry[], repeated: boolean) => void

export function createOutbox(
  db: Db,
  collection: Collection<AggregateDocument>,
  cache: LRUCache<string, AggregateDocument>,
): Outbox & { readonly announce: Announce } {
  const stored: Collection<StoredPublication> = db.collection('publications')
  const name = collection.collectionName
  let listener: ((announcement: Announcement) => void) | undefined
  let marks = new Map<string, Range>()
  let flushing: Promise<unknown> = Promise.resolve()
  let timer: NodeJS.Timeout | undefined

  /** True where more was added meanwhile that is still on its way to the broker. */
  const hasGrown = (id: string, { last }: Range) => (cache.peek(id)?.outbox.seq ?? last) > last

  async function flush(): Promise<void> {
    clearTimeout(timer)
    timer = undefined
    const taken = [...marks]
    marks = new Map()
    const writing = write(taken)
    flushing = Promise.allSettled([flushing, writing])
    await writing
  }

  async function write(all: readonly [string, Range][]): Promise<void> {
    for (let start = 0; start < all.length; start += markBatch) {
      const chunk = all.slice(start, start + markBatch)
      const marking = chunk.map((mark) => (hasGrown(...mark) ? markProgress(mark) : markComplete(mark)))
      const { matchedCount } = await collection.bulkWrite(marking, { ordered: false })
      // Another replica may have added more meanwhile, too: then the progress is noted and the aggregate stays pending.
      if (matchedCount < chunk.length) await collection.bulkWrite(chunk.map(markProgress), { ordered: false })
      for (const [id, { last }] of chunk) markCached(id, last)
    }
  }

  function markCached(id: string, last: number) {
    const document = cache.peek(id)
    if (document === undefined || document.outbox.seq !== last) return
    const { pendingAt: _pendingAt, ...outbox } = document.outbox
    cache.set(id, { ...document, outbox: { ...outbox, published: last } })
  }

  return {
    name,
    onAnnouncement: (listen) => {
      listener = listen
    },
    announce: (document, entries, repeated) => {
      if (entries.length > 0) listener?.({ aggregateId: document._id, entries, repeated })
    },
    markPublished: (aggregateId, first, last) => {
      const known = marks.get(aggregateId)
      if (known === undefined) marks.set(aggregateId, { first, last })
      else if (first <= known.last + 1) marks.set(aggregateId, { first: known.first, last: Math.max(known.last, last) })
      // After a gap nothing more is marked: the sweep publishes what is missing and all that follows.
      timer ??= setTimeout(() => {
        // A mark that cannot be written is no loss: the sweep publishes the entry again and marks it then.
        flush().catch(() => undefined)
      }, markDelayMs)
    },
    pending: async (before, limit) => {
      const documents = await collection
        .find({ 'outbox.pendingAt': { $lt: before } }, { projection: { outbox: 1 } })
        .sort({ 'outbox.pendingAt': 1 })
        .limit(limit)
        .toArray()
      return documents.map(({ _id, outbox }) => ({
        aggregateId: _id,
        entries: outbox.entries.filter(({ seq }) => seq > outbox.published),
        repeated: false,
      }))
    },
    replay: async (since, at) => {
      // They may speak of the very events that were lost: none may be written after what follows.
      marks = new Map()
      await flushing
      await collection.updateMany({ updatedAt: { $gte: since }, 'outbox.entries.0': { $exists: true } }, [
        {
          $set: {
            'outbox.published': { $subtract: [{ $min: '$outbox.entries.seq' }, 1] },
            'outbox.pendingAt': at,
          },
        },
      ])
    },
    publications: {
      last: async () => (await stored.findOne({ _id: 'last' })) ?? undefined,
      remember: async ({ eventId, streamSequence }) => {
        await stored.replaceOne({ _id: 'last' }, { eventId, streamSequence }, { upsert: true })
      },
    },
    flush,
    oldestPendingAt: async () => {
      const [oldest] = await collection
        .find({ 'outbox.pendingAt': { $exists: true } }, { projection: { 'outbox.pendingAt': 1 } })
        .sort({ 'outbox.pendingAt': 1 })
        .limit(1)
        .toArray()
      return oldest?.outbox.pendingAt
    },
  }
}

type Mark = AnyBulkWriteOperation<AggregateDocument>

const markComplete = ([_id, { first, last }]: [string, Range]): Mark => ({
  updateOne: {
    filter: { _id, 'outbox.seq': last, 'outbox.published': { $gte: first - 1 } },
    update: { $set: { 'outbox.published': last }, $unset: { 'outbox.pendingAt': '' } },
  },
})

const markProgress = ([_id, { first, last }]: [string, Range]): Mark => ({
  updateOne: {
    filter: { _id, 'outbox.published': { $gte: first - 1, $lt: last } },
    update: { $set: { 'outbox.published': last } },
  },
})
