import {
  type AggregateDocument,
  type AggregateStore,
  createAggregateStore,
  type Stored,
} from '@tradewind/database/aggregate-store'
import type { Db, Filter } from 'mongodb'
import type { WebhookDelivery } from '../domain/webhook-delivery.ts'

export type StoredDelivery = WebhookDelivery & Stored

/** A place in the log: newest first by creation time, then id. */
export type DeliveryPlace = readonly [createdAt: string, id: string]

export interface DeliveryQuery {
  readonly endpointId: string
  readonly status: WebhookDelivery['status'] | undefined
  readonly after: DeliveryPlace | undefined
  readonly limit: number
}

export interface WebhookDeliveryRepository
  extends Pick<AggregateStore<WebhookDelivery>, 'find' | 'update' | 'upsert' | 'outbox'> {
  /** Newest first, `limit + 1` at most. */
  readonly list: (query: DeliveryQuery) => Promise<StoredDelivery[]>
  /** Of one endpoint, what is to be tried now, longest overdue first. */
  readonly dueBefore: (endpointId: string, now: Date, limit: number) => Promise<StoredDelivery[]>
  /** Of one endpoint, what waits, in the order of the events. */
  readonly firstPending: (endpointId: string, limit: number) => Promise<StoredDelivery[]>
  /** Forgets deliveries that came to their end before, unless they have something to announce. Returns how many. */
  readonly eraseFinishedBefore: (before: Date, limit: number) => Promise<number>
}

const withoutOutbox = { projection: { 'outbox.entries': 0 } }

export function createWebhookDeliveryRepository(db: Db, now: () => Date): WebhookDeliveryRepository {
  const store = createAggregateStore<WebhookDelivery>(db, 'webhook_deliveries', { now })
  const { collection, toState, find, update, upsert, outbox } = store
  return {
    find,
    update,
    upsert,
    outbox,
    list: async ({ endpointId, status, after, limit }) => {
      const conditions: Filter<AggregateDocument>[] = [{ endpointId, ...(status !== undefined && { status }) }]
      if (after !== undefined) {
        const createdAt = new Date(after[0])
        conditions.push({ $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: after[1] } }] })
      }
      const found = await collection
        .find({ $and: conditions }, withoutOutbox)
        .sort({ createdAt: -1, _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toState)
    },
    dueBefore: async (endpointId, before, limit) => {
      const found = await collection
        .find({ endpointId, dueAt: { $lte: before } }, withoutOutbox)
        .sort({ dueAt: 1 })
        .limit(limit)
        .toArray()
      return found.map(toState)
    },
    firstPending: async (endpointId, limit) => {
      const found = await collection
        .find({ endpointId, status: 'pending' }, withoutOutbox)
        .sort({ eventTime: 1, eventId: 1 })
        .limit(limit)
        .toArray()
      return found.map(toState)
    },
    eraseFinishedBefore: async (before, limit) => {
      const old = await collection
        .find({ finishedAt: { $lt: before }, 'outbox.pendingAt': { $exists: false } }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      if (old.length === 0) return 0
      const { deletedCount } = await collection.deleteMany({
        _id: { $in: old.map(({ _id }) => _id) },
        finishedAt: { $lt: before },
      })
      return deletedCount
    },
  }
}
