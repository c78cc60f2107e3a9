import { type Aggregates, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { StockPolicy } from '../domain/stock-policy.ts'
import { shareReads } from './share-reads.ts'

export interface StockPolicyRepository extends Pick<Aggregates<StockPolicy>, 'upsert'> {
  /** Of one SKU; callers of one moment share one read. */
  readonly find: (sku: string) => Promise<StockPolicy | undefined>
}

export function createStockPolicyRepository(db: Db, now: () => Date): StockPolicyRepository {
  const store = createAggregateStore<StockPolicy>(db, 'stock_policies', { now })
  const bySku = shareReads(async (skus) => {
    const documents = await store.collection.find({ _id: { $in: [...skus] } }).toArray()
    return new Map(documents.map((document) => [document._id, store.toState(document)]))
  })
  return { upsert: store.upsert, find: async (sku) => (await bySku([sku])).get(sku) }
}
