import {
  type AggregateDocument,
  type AggregateStore,
  createAggregateStore,
  type Stored,
} from '@tradewind/database/aggregate-store'
import type { Db, Filter, Sort } from 'mongodb'
import type { Product, ProductSort } from '../domain/product.ts'

export interface ProductQuery {
  readonly words: readonly string[]
  readonly category: string | undefined
  readonly sort: ProductSort
  readonly after: readonly [string | number, string] | undefined
  readonly limit: number
}

export type StoredProduct = Product & Stored

export interface ProductRepository extends AggregateStore<Product> {
  /** Active products in a total order, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly search: (query: ProductQuery) => Promise<StoredProduct[]>
  readonly hasSku: (sku: string) => Promise<boolean>
}

const fields = { newest: '_id', title: 'title', price: 'priceMinor', '-price': 'priceMinor' } as const
const directions = { newest: -1, title: 1, price: 1, '-price': -1 } as const

const escaped = (word: string) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

export function createProductRepository(db: Db, now: () => Date): ProductRepository {
  const store = createAggregateStore<Product>(db, 'products', { now })
  return {
    ...store,
    search: async ({ words, category, sort, after, limit }) => {
      const conditions: Filter<AggregateDocument>[] = [{ status: 'active' }]
      if (category !== undefined) conditions.push({ category })
      // Every word must begin one of the product's words.
      for (const word of words) conditions.push({ words: { $regex: `^${escaped(word)}` } })
      const field = fields[sort]
      const direction = directions[sort]
      if (after !== undefined) conditions.push(behind(field, direction, after))
      const order: Sort = field === '_id' ? { _id: direction } : { [field]: direction, _id: direction }
      const documents = await store.collection
        .find({ $and: conditions }, { projection: { 'outbox.entries': 0, words: 0 } })
        .sort(order)
        .limit(limit + 1)
        .toArray()
      return documents.map(store.toState)
    },
    hasSku: async (sku) =>
      (await store.collection.findOne({ 'variants.sku': sku }, { projection: { _id: 1 } })) !== null,
  }
}

/** What comes after a place in the order; the id makes places unique. */
function behind(
  field: string,
  direction: 1 | -1,
  [value, id]: readonly [string | number, string],
): Filter<AggregateDocument> {
  const operator = direction === 1 ? '$gt' : '$lt'
  if (field === '_id') return { _id: { [operator]: id } }
  return { $or: [{ [field]: { [operator]: value } }, { [field]: value, _id: { [operator]: id } }] }
}
