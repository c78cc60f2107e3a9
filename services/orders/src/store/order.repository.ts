import {
  type AggregateDocument,
  type Aggregates,
  createAggregateStore,
  type Stored,
  type WithOutbox,
} from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db, Filter } from 'mongodb'
import type { Order, OrderStatus } from '../domain/order.ts'

export type StoredOrder = Order & Stored

export type OrderKey = Pick<Order, 'customerId' | 'idempotencyKey'>

export interface OrderQuery {
  /** Whose orders; undefined for everybody's. */
  readonly customerId: string | undefined
  readonly status: OrderStatus | undefined
  /** Only orders older than this one. */
  readonly after: string | undefined
  readonly limit: number
}

export interface OrderRepository extends Aggregates<Order> {
  /** Newest first, without supplements, which show in the order they belong to. `limit + 1` at most, so that the caller sees whether there are more. */
  readonly list: (query: OrderQuery) => Promise<StoredOrder[]>
  readonly findByKey: (customerId: string, idempotencyKey: string) => Promise<StoredOrder | undefined>
  /** What became of the orders with these keys; those that do not exist are left out. */
  readonly statusesByKey: (keys: readonly OrderKey[]) => Promise<(OrderKey & Pick<Order, 'status'>)[]>
  /** Orders that have waited for an answer since before then, the longest first. */
  readonly waitingSince: (before: Date, limit: number) => Promise<StoredOrder[]>
  /** All that a customer ever ordered, supplements included, newest first. */
  readonly ofCustomer: (customerId: string) => AsyncIterable<StoredOrder>
  /** Orders that the reconciler is to look at. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

const keysAtOnce = 200
const withoutOutbox = { projection: { 'outbox.entries': 0 } }

export function createOrderRepository(db: Db, now: () => Date): OrderRepository & WithOutbox {
  const store = createAggregateStore<Order>(db, 'orders', { now })
  return {
    ...store,
    list: async ({ customerId, status, after, limit }) => {
      const filter: Filter<AggregateDocument> = {
        partOf: { $exists: false },
        ...(customerId !== undefined && { customerId }),
        ...(status !== undefined && { status }),
        ...(after !== undefined && { _id: { $lt: after } }),
      }
      // Ids are time-ordered, so this is newest first.
      const found = await store.collection
        .find(filter, withoutOutbox)
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(store.toState)
    },
    async *ofCustomer(customerId) {
      for await (const document of store.collection.find({ customerId }, withoutOutbox).sort({ _id: -1 }))
        yield store.toState(document)
    },
    findByKey: async (customerId, idempotencyKey) => {
      const found = await store.collection.findOne({ customerId, idempotencyKey }, withoutOutbox)
      return found === null ? undefined : store.toState(found)
    },
    statusesByKey: async (keys) => {
      const projection = { customerId: 1, idempotencyKey: 1, status: 1 }
      const found: (OrderKey & Pick<Order, 'status'>)[] = []
      for (let first = 0; first < keys.length; first += keysAtOnce) {
        const some = keys
          .slice(first, first + keysAtOnce)
          .map(({ customerId, idempotencyKey }) => ({ customerId, idempotencyKey }))
        const documents = await store.collection.find({ $or: some }, { projection }).toArray()
        found.push(...documents.map(store.toState))
      }
      return found
    },
    waitingSince: async (before, limit) => {
      const filter = { dueAt: { $exists: true }, since: { $lt: before } }
      const found = await store.collection.find(filter, withoutOutbox).sort({ since: 1, _id: 1 }).limit(limit).toArray()
      return found.map(store.toState)
    },
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
  }
}
