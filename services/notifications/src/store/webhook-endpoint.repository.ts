import {
  type AggregateStore,
  createAggregateStore,
  DuplicateKey,
  type Stored,
} from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { WebhookEndpoint } from '../domain/webhook-endpoint.ts'

export type StoredEndpoint = WebhookEndpoint & Stored

export interface WebhookEndpointRepository
  extends Pick<AggregateStore<WebhookEndpoint>, 'find' | 'update' | 'upsert' | 'outbox'> {
  /** Saves a new one unless its place is taken; then undefined. */
  readonly insertUnlessTaken: (endpoint: WebhookEndpoint) => Promise<StoredEndpoint | undefined>
  /** All that are not removed, newest first. Their number is bounded by the number of places. */
  readonly live: () => Promise<StoredEndpoint[]>
  /** Newest first, `limit + 1` at most. */
  readonly page: (after: string | undefined, limit: number) => Promise<StoredEndpoint[]>
  readonly removedIds: (limit: number) => Promise<string[]>
  /** Forgets one that was removed, for good. */
  readonly erase: (id: string) => Promise<void>
}

const withoutOutbox = { projection: { 'outbox.entries': 0 } }

export function createWebhookEndpointRepository(db: Db, now: () => Date): WebhookEndpointRepository {
  const store = createAggregateStore<WebhookEndpoint>(db, 'webhook_endpoints', { now })
  const { collection, toState, find, update, upsert, outbox } = store
  return {
    find,
    update,
    upsert,
    outbox,
    insertUnlessTaken: (endpoint) =>
      store.insert(endpoint).catch((error: unknown) => {
        if (DuplicateKey.is(error)) return undefined
        throw error
      }),
    live: async () => {
      const found = await collection.find({ slot: { $gte: 1 } }, withoutOutbox).toArray()
      return found.map(toState).toSorted((a, b) => (a.id < b.id ? 1 : -1))
    },
    page: async (after, limit) => {
      const found = await collection
        .find({ slot: { $gte: 1 }, ...(after !== undefined && { _id: { $lt: after } }) }, withoutOutbox)
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toState)
    },
    removedIds: async (limit) => {
      const found = await collection
        .find({ removedAt: { $gte: new Date(0) } }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      return found.map(({ _id }) => _id)
    },
    erase: async (id) => {
      await collection.deleteOne({ _id: id, removedAt: { $exists: true } })
    },
  }
}
