import {
  type AggregateDocument,
  type Aggregates,
  createAggregateStore,
  type Stored,
  type WithOutbox,
} from '@tradewind/database/aggregate-store'
import { shareReads } from '@tradewind/database/share-reads'
import type { Db, Filter } from 'mongodb'
import { backorderedUnits, type Stock } from '../domain/stock.ts'

/** One SKU at one location in numbers. */
export interface ShelfLevel {
  readonly sku: string
  readonly locationId: string
  readonly available: number
  /** Units that orders wait for. */
  readonly waiting: number
}

export interface StockSummary extends ShelfLevel {
  readonly id: string
  readonly onHand: number
  readonly held: number
  readonly lowAt: number | undefined
}

export interface StockQuery {
  readonly sku?: string | undefined
  readonly locationId?: string | undefined
  /** Ids after this one. */
  readonly after?: string | undefined
  readonly limit: number
}

export interface StockRepository extends Aggregates<Stock> {
  readonly findBySkus: (skus: readonly string[]) => Promise<Stock[]>
  /** What is available of each SKU at each location, without the holds. Callers of one moment share one read. */
  readonly levels: (skus: readonly string[]) => Promise<ShelfLevel[]>
  /** In the order of their ids, `limit + 1` at most. */
  readonly page: (query: StockQuery) => Promise<StockSummary[]>
  /** About how many there are. */
  readonly count: () => Promise<number>
  /** Whole stocks in the order of their ids. */
  readonly walk: (after: string, limit: number) => Promise<(Stock & Stored)[]>
  /** Stock with movements that came before `before`. */
  readonly withMovementsBefore: (before: Date, limit: number) => Promise<Stock[]>
}

export function createStockRepository(
  db: Db,
  now: () => Date,
  onConflict: (writes: number) => void = () => undefined,
): StockRepository & WithOutbox {
  const store = createAggregateStore<Stock>(db, 'stock', { now, onConflict })
  const withoutOutbox = { projection: { 'outbox.entries': 0 } }
  const levelsBySku = shareReads(async (skus) => {
    const found = await store.collection
      .find<Pick<Stock, 'sku' | 'locationId' | 'available' | 'backorders'>>(
        { sku: { $in: [...skus] } },
        { projection: { _id: 0, sku: 1, locationId: 1, available: 1, backorders: 1 } },
      )
      .toArray()
    const levels = found.map(({ backorders = [], ...level }) => ({
      ...level,
      waiting: backorderedUnits({ backorders }),
    }))
    return Map.groupBy(levels, ({ sku }) => sku)
  })
  return {
    ...store,
    findBySkus: async (skus) => {
      const documents = await store.collection.find({ sku: { $in: [...skus] } }, withoutOutbox).toArray()
      return documents.map(store.toState)
    },
    levels: async (skus) => {
      const found = await levelsBySku(skus)
      return skus.flatMap((sku) => found.get(sku) ?? [])
    },
    page: async ({ sku, locationId, after, limit }) => {
      const filter: Filter<AggregateDocument> = {
        ...(sku !== undefined && { sku }),
        ...(locationId !== undefined && { locationId }),
        ...(after !== undefined && { _id: { $gt: after } }),
      }
      const found = await store.collection
        .aggregate<Omit<StockSummary, 'id'> & { _id: string }>([
          { $match: filter },
          { $sort: { _id: 1 } },
          { $limit: limit + 1 },
          {
            $project: {
              sku: 1,
              locationId: 1,
              onHand: 1,
              available: 1,
              lowAt: 1,
              held: { $sum: '$holds.quantity' },
              waiting: { $sum: '$backorders.quantity' },
            },
          },
        ])
        .toArray()
      return found.map(({ _id, ...summary }) => ({ ...summary, id: _id }))
    },
    count: () => store.collection.estimatedDocumentCount(),
    walk: async (after, limit) => {
      const documents = await store.collection
        .find({ _id: { $gt: after } }, withoutOutbox)
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return documents.map(store.toState)
    },
    withMovementsBefore: async (before, limit) => {
      const filter = { movementsSince: { $lt: before } }
      const documents = await store.collection.find(filter, withoutOutbox).limit(limit).toArray()
      return documents.map(store.toState)
    },
  }
}
