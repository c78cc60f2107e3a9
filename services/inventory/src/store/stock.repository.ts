import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { Stock } from '../domain/stock.ts'

export interface StockRepository extends AggregateStore<Stock> {
  readonly findBySkus: (skus: readonly string[]) => Promise<Stock[]>
  /** Stock with movements that came before `before`. */
  readonly withMovementsBefore: (before: Date, limit: number) => Promise<Stock[]>
}

export function createStockRepository(db: Db, now: () => Date): StockRepository {
  const store = createAggregateStore<Stock>(db, 'stock', { now })
  const withoutOutbox = { projection: { 'outbox.entries': 0 } }
  return {
    ...store,
    findBySkus: async (skus) => {
      const documents = await store.collection.find({ sku: { $in: [...skus] } }, withoutOutbox).toArray()
      return documents.map(store.toState)
    },
    withMovementsBefore: async (before, limit) => {
      const filter = { movementsSince: { $lt: before } }
      const documents = await store.collection.find(filter, withoutOutbox).limit(limit).toArray()
      return documents.map(store.toState)
    },
  }
}
