import {
  type AggregateDocument,
  type Aggregates,
  createAggregateStore,
  type Stored,
  type WithOutbox,
} from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db, Filter } from 'mongodb'
import type { Payment } from '../domain/payment.ts'

export type StoredPayment = Payment & Stored

export interface PaymentQuery {
  readonly orderId: string | undefined
  /** Only payments older than this one. */
  readonly after: string | undefined
  readonly limit: number
}

export interface PaymentRepository extends Aggregates<Payment> {
  /** Newest first, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly list: (query: PaymentQuery) => Promise<StoredPayment[]>
  /** Payments that are behind an id, in the order of their ids, `limit` at most. */
  readonly pageAfter: (after: string, limit: number) => Promise<StoredPayment[]>
  /** Those of the ids that belong to a payment. */
  readonly known: (ids: readonly string[]) => Promise<ReadonlySet<string>>
  readonly findByRef: (providerRef: string) => Promise<StoredPayment | undefined>
  /** Payments whose wishes are not fulfilled in time. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

const withoutEvents = { 'outbox.entries': 0 }

export function createPaymentRepository(db: Db, now: () => Date): PaymentRepository & WithOutbox {
  const store = createAggregateStore<Payment>(db, 'payments', { now })
  return {
    ...store,
    list: async ({ orderId, after, limit }) => {
      const filter: Filter<AggregateDocument> = {
        ...(orderId !== undefined && { orderId }),
        ...(after !== undefined && { _id: { $lt: after } }),
      }
      const found = await store.collection
        .find(filter, { projection: withoutEvents })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(store.toState)
    },
    pageAfter: async (after, limit) => {
      const found = await store.collection
        .find({ _id: { $gt: after } }, { projection: withoutEvents })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
    known: async (ids) => {
      const found = await store.collection.find({ _id: { $in: [...ids] } }, { projection: { _id: 1 } }).toArray()
      return new Set(found.map(({ _id }) => _id))
    },
    findByRef: async (providerRef) => {
      const found = await store.collection.findOne({ providerRef })
      return found === null ? undefined : store.toState(found)
    },
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
  }
}
