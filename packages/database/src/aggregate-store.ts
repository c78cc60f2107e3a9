import type { DomainEvent } from '@tradewind/contracts/event'
import { defineError } from '@tradewind/service-kit/errors'
import { currentTraceparent } from '@tradewind/service-kit/trace'
import { LRUCache } from 'lru-cache'
import type { Collection, Db } from 'mongodb'
import { type AggregateDocument, type Stored, toState } from './aggregate-document.ts'
import { changed, type Decision, unchanged } from './decision.ts'
import { createGroupCommit } from './group-commit.ts'
import { createOutbox, type Outbox } from './outbox.ts'
import { shareReads } from './share-reads.ts'

export type { AggregateDocument, OutboxEntry, Stored } from './aggregate-document.ts'
export { DuplicateKey, TooManyWaiting, TooMuchContention } from './group-commit.ts'

export const AggregateNotFound = defineError('DATABASE_NOT_FOUND', 'not-found', 'There is no such document.')

/** Stores one kind of aggregate in one collection, each with its own outbox. */
export interface AggregateStore<S extends { id: string }> {
  /** For queries and indexes. Writing through it would go round the outbox and the version. */
  readonly collection: Collection<AggregateDocument>
  readonly outbox: Outbox
  /** Saves a new aggregate with its events in one write. Throws `DuplicateKey` when its id or a unique field is taken. */
  readonly insert: (state: S, ...events: DomainEvent[]) => Promise<S & Stored>
  /** Callers of one moment share one read. */
  readonly find: (id: string) => Promise<(S & Stored) | undefined>
  /**
   * Loads, decides, saves, and decides again when somebody else was faster, so `decide` must be pure. Calls for one id
   * are decided one after another in the order they came and share writes. Throws `AggregateNotFound`, what `decide`
   * throws, and `TooMuchContention` when other writers won too often.
   */
  readonly update: (id: string, decide: (state: S & Stored) => Decision<S>) => Promise<S & Stored>
  /** Like `update`, but `decide` also answers for an aggregate that does not exist yet. */
  readonly upsert: (
    id: string,
    decide: (state: (S & Stored) | undefined) => Decision<S>,
  ) => Promise<(S & Stored) | undefined>
  /** Turns documents that a query on `collection` found into aggregates. */
  readonly toState: (document: AggregateDocument) => S & Stored
}

/** What use cases do with aggregates of a kind; the driver stays out of sight. */
export type Aggregates<S extends { id: string }> = Pick<AggregateStore<S>, 'insert' | 'find' | 'update' | 'upsert'>

/** What the relay reads. */
export type WithOutbox = Pick<AggregateStore<{ id: string }>, 'outbox'>

export interface AggregateStoreOptions {
  readonly now: () => Date
  /** Told how many writes another writer forestalled, each of which is then decided again. For metrics. */
  readonly onConflict?: (writes: number) => void
}

/** Documents kept in memory after a write. A write that was decided on an outdated one is refused by its guard and decided again. */
const cachedDocuments = 5000

export function createAggregateStore<S extends { id: string }>(
  db: Db,
  collectionName: string,
  { now, onConflict }: AggregateStoreOptions,
): AggregateStore<S> {
  const collection = db.collection<AggregateDocument>(collectionName)
  const cache = new LRUCache<string, AggregateDocument>({ max: cachedDocuments })
  const outbox = createOutbox(db, collection, cache)
  const commit = createGroupCommit<S>({ collection, cache, now, onConflict, onCommitted: outbox.announce })

  const byId = shareReads(async (ids) => {
    const found = await collection.find({ _id: { $in: [...ids] } }).toArray()
    return new Map(found.map((document) => [document._id, toState<S>(document)]))
  })

  const upsert: AggregateStore<S>['upsert'] = (id, decide) =>
    commit({ id, decide, traceparent: currentTraceparent(), mustBeNew: false })

  return {
    collection,
    outbox,
    insert: async (state, ...events) => {
      const saved = await commit({
        id: state.id,
        decide: () => changed(state, ...events),
        traceparent: currentTraceparent(),
        mustBeNew: true,
      })
      if (saved === undefined) throw AggregateNotFound({ id: state.id })
      return saved
    },
    find: async (id) => (await byId([id])).get(id),
    update: async (id, decide) => {
      const saved = await upsert(id, (state) => (state === undefined ? unchanged() : decide(state)))
      if (saved === undefined) throw AggregateNotFound({ collection: collectionName, id })
      return saved
    },
    upsert,
    toState: (document) => toState<S>(document),
  }
}
