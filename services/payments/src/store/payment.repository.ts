import {
  type AggregateDocument,
  type AggregateStore,
  createAggregateStore,
  type Stored,
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

export interface PaymentRepository extends AggregateStore<Payment> {
  /** Newest first, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly list: (query: PaymentQuery) => Promise<StoredPayment[]>
  /** Payments whose wish is not fulfilled in time. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

export function createPaymentRepository(db: Db, now: () => Date): PaymentRepository {
  const store = createAggregateStore<Payment>(db, 'payments', { now })
  return {
    ...store,
    list: async ({ orderId, after, limit }) => {
      const filter: Filter<AggregateDocument> = {
        ...(orderId !== undefined && { orderId }),
        ...(after !== undefined && { _id: { $lt: after } }),
      }
      const found = await store.collection
        .find(filter, { projection: { 'outbox.entries': 0 } })
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(store.toState)
    },
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
  }
}
