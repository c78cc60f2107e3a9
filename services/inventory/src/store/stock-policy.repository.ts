import { type Aggregates, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { StockPolicy } from '../domain/stock-policy.ts'

export type StockPolicyRepository = Pick<Aggregates<StockPolicy>, 'find' | 'upsert'>

export function createStockPolicyRepository(db: Db, now: () => Date): StockPolicyRepository {
  const store = createAggregateStore<StockPolicy>(db, 'stock_policies', { now })
  return { upsert: store.upsert, find: store.find }
}
