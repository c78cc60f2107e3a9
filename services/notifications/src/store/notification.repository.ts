import {
  type AggregateDocument,
  type AggregateStore,
  createAggregateStore,
  type Stored,
} from '@tradewind/database/aggregate-store'
import type { Db, Filter } from 'mongodb'
import type { Notification } from '../domain/notification.ts'

export type StoredNotification = Notification & Stored

/** A place in the list: newest first by creation time, then id. */
export type Place = readonly [createdAt: string, id: string]

export interface NotificationQuery {
  readonly orderId: string | undefined
  readonly status: Notification['status'] | undefined
  readonly after: Place | undefined
  readonly limit: number
}

export interface NotificationRepository extends AggregateStore<Notification> {
  /** Newest first, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly list: (query: NotificationQuery) => Promise<StoredNotification[]>
  /** All mails that were written to a customer. */
  readonly ofCustomer: (customerId: string) => AsyncIterable<StoredNotification>
  /** Those behind an id, in the order of their ids. */
  readonly pageOfCustomer: (customerId: string, after: string, limit: number) => Promise<StoredNotification[]>
  /** Mails that are to be tried again. */
  readonly dueBefore: (now: Date, limit: number) => Promise<StoredNotification[]>
}

const withoutOutbox = { projection: { 'outbox.entries': 0 } }

export function createNotificationRepository(db: Db, now: () => Date): NotificationRepository {
  const store = createAggregateStore<Notification>(db, 'notifications', { now })
  return {
    ...store,
    list: async ({ orderId, status, after, limit }) => {
      const conditions: Filter<AggregateDocument>[] = [
        { ...(orderId !== undefined && { orderId }), ...(status !== undefined && { status }) },
      ]
      if (after !== undefined) {
        const createdAt = new Date(after[0])
        conditions.push({ $or: [{ createdAt: { $lt: createdAt } }, { createdAt, _id: { $lt: after[1] } }] })
      }
      const found = await store.collection
        .find({ $and: conditions }, withoutOutbox)
        .sort({ createdAt: -1, _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(store.toState)
    },
    async *ofCustomer(customerId) {
      for await (const document of store.collection.find({ customerId }, withoutOutbox)) yield store.toState(document)
    },
    pageOfCustomer: async (customerId, after, limit) => {
      const found = await store.collection
        .find({ customerId, _id: { $gt: after } }, withoutOutbox)
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
    dueBefore: async (before, limit) => {
      const found = await store.collection
        .find({ dueAt: { $lte: before } }, withoutOutbox)
        .sort({ dueAt: 1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
  }
}
