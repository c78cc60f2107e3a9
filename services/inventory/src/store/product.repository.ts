import {
  type AggregateDocument,
  type AggregateStore,
  createAggregateStore,
  type Stored,
} from '@tradewind/database/aggregate-store'
import type { Db, Document, Filter, Sort } from 'mongodb'
import type { Product, ProductSort, ProductStatus } from '../domain/product.ts'

/** What narrows the catalogue; every part must hold. */
export interface ProductFilter {
  /** Each begins a word of the product. */
  readonly words: readonly string[]
  readonly category: string | undefined
  /** Names and values that one and the same variant has. */
  readonly attributes: readonly (readonly [name: string, value: string])[]
  readonly minPriceMinor: number | undefined
  readonly maxPriceMinor: number | undefined
  /** Undefined for every status. */
  readonly status: ProductStatus | undefined
}

export interface ProductQuery extends ProductFilter {
  readonly sort: ProductSort
  readonly after: readonly [string | number, string] | undefined
  readonly limit: number
}

export type StoredProduct = Product & Stored

export interface ProductRepository extends AggregateStore<Product> {
  /** In a total order, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly search: (query: ProductQuery) => Promise<StoredProduct[]>
  readonly hasSku: (sku: string) => Promise<boolean>
  /** By the handle, or the id, that each was asked for by. */
  readonly findByHandles: (handlesOrIds: readonly string[]) => Promise<ReadonlyMap<string, StoredProduct>>
  /** Which product has each of these SKUs, by SKU. */
  readonly ownersOf: (skus: readonly string[]) => Promise<ReadonlyMap<string, string>>
  /** Whole products in the order of their ids. */
  readonly walk: (after: string, limit: number) => Promise<StoredProduct[]>
  /** Names of the attributes of all variants, sorted. */
  readonly attributeNames: (limit: number) => Promise<string[]>
  /** About how many there are. */
  readonly count: () => Promise<number>
  readonly hasImage: (imageId: string) => Promise<boolean>
  /** What the products that match could be narrowed by. */
  readonly facets: (filter: ProductFilter) => Promise<Facets>
  readonly categories: () => Promise<FacetCount[]>
}

export interface FacetCount {
  readonly value: string
  readonly count: number
}

export interface Facets {
  readonly total: number
  readonly categories: readonly FacetCount[]
  readonly attributes: readonly { readonly name: string; readonly values: readonly FacetCount[] }[]
  readonly price: { readonly minMinor: number; readonly maxMinor: number } | undefined
}

const fields = { newest: '_id', title: 'title', price: 'priceMinor', '-price': 'priceMinor' } as const
const directions = { newest: -1, title: 1, price: 1, '-price': -1 } as const

const escaped = (word: string) => word.replaceAll(/[.*+?^${}()|[\]\\]/g, String.raw`\$&`)

export function createProductRepository(db: Db, now: () => Date): ProductRepository {
  const store = createAggregateStore<Product>(db, 'products', { now })
  return {
    ...store,
    search: async ({ sort, after, limit, ...filter }) => {
      const conditions = conditionsOf(filter)
      const field = fields[sort]
      const direction = directions[sort]
      if (after !== undefined) conditions.push(behind(field, direction, after))
      const order: Sort = field === '_id' ? { _id: direction } : { [field]: direction, _id: direction }
      const documents = await store.collection
        .find(all(conditions), { projection: { 'outbox.entries': 0, words: 0 } })
        .sort(order)
        .limit(limit + 1)
        .toArray()
      return documents.map(store.toState)
    },
    findByHandles: async (names) => {
      const filter = { $or: [{ handle: { $in: [...names] } }, { _id: { $in: [...names] } }] }
      const found = await store.collection.find(filter, { projection: { 'outbox.entries': 0 } }).toArray()
      const products = found.map(store.toState)
      return new Map(products.flatMap((one) => [one.id, one.handle ?? []].flat().map((name) => [name, one] as const)))
    },
    ownersOf: async (skus) => {
      const filter = { 'variants.sku': { $in: [...skus] } }
      const found = await store.collection
        .find<Pick<Product, 'variants'> & { _id: string }>(filter, { projection: { 'variants.sku': 1 } })
        .toArray()
      return new Map(found.flatMap(({ _id, variants }) => variants.map(({ sku }) => [sku, _id] as const)))
    },
    walk: async (after, limit) => {
      const found = await store.collection
        .find({ _id: { $gt: after } }, { projection: { outbox: 0, words: 0 } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
    attributeNames: async (limit) => {
      const found = await store.collection
        .aggregate<{ _id: string }>([
          { $unwind: '$variants' },
          { $project: { pairs: { $objectToArray: '$variants.attributes' } } },
          { $unwind: '$pairs' },
          { $group: { _id: '$pairs.k' } },
          { $limit: limit },
        ])
        .toArray()
      return found.map(({ _id }) => _id).toSorted()
    },
    count: () => store.collection.estimatedDocumentCount(),
    hasImage: async (imageId) =>
      (await store.collection.findOne({ 'images.id': imageId }, { projection: { _id: 1 } })) !== null,
    facets: async (filter) => {
      const [found] = await store.collection
        .aggregate<FacetDocument>(facetPipeline(all(conditionsOf(filter))))
        .toArray()
      return toFacets(found)
    },
    categories: async () => {
      const pipeline = [{ $match: { status: 'active' } }, { $sortByCount: '$category' }, { $limit: maxFacetValues }]
      const found = await store.collection.aggregate<{ _id: string; count: number }>(pipeline).toArray()
      return found.map(toCount).toSorted((a, b) => (a.value < b.value ? -1 : 1))
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

/** An empty `$and` is refused by the server. */
const all = (conditions: Filter<AggregateDocument>[]): Filter<AggregateDocument> =>
  conditions.length === 0 ? {} : { $and: conditions }

function conditionsOf(filter: ProductFilter): Filter<AggregateDocument>[] {
  const { words, category, attributes, minPriceMinor, maxPriceMinor, status } = filter
  const conditions: Filter<AggregateDocument>[] = []
  if (status !== undefined) conditions.push({ status })
  if (category !== undefined) conditions.push({ category })
  for (const word of words) conditions.push({ words: { $regex: `^${escaped(word)}` } })
  if (attributes.length > 0) {
    const wanted = Object.fromEntries(attributes.map(([name, value]) => [`attributes.${name}`, value]))
    conditions.push({ variants: { $elemMatch: wanted } })
  }
  if (minPriceMinor !== undefined) conditions.push({ priceMinor: { $gte: minPriceMinor } })
  if (maxPriceMinor !== undefined) conditions.push({ priceMinor: { $lte: maxPriceMinor } })
  return conditions
}

/** Values of one facet that are counted, the most frequent first. */
const maxFacetValues = 200

interface FacetDocument {
  readonly categories: readonly { readonly _id: string; readonly count: number }[]
  readonly attributes: readonly {
    readonly _id: { readonly name: string; readonly value: string }
    readonly count: number
  }[]
  readonly totals: readonly { readonly count: number; readonly minMinor: number; readonly maxMinor: number }[]
}

/** One pass over the matching products; a product counts once per value, however many of its variants have it. */
const facetPipeline = (match: Filter<AggregateDocument>): Document[] => [
  { $match: match },
  {
    $facet: {
      categories: [{ $sortByCount: '$category' }, { $limit: maxFacetValues }],
      attributes: [
        { $unwind: '$variants' },
        { $project: { pairs: { $objectToArray: '$variants.attributes' } } },
        { $unwind: '$pairs' },
        { $group: { _id: { product: '$_id', name: '$pairs.k', value: '$pairs.v' } } },
        { $group: { _id: { name: '$_id.name', value: '$_id.value' }, count: { $sum: 1 } } },
        { $sort: { count: -1, _id: 1 } },
        { $limit: maxFacetValues },
      ],
      totals: [
        {
          $group: {
            _id: null,
            count: { $sum: 1 },
            minMinor: { $min: '$priceMinor' },
            maxMinor: { $max: '$priceMinor' },
          },
        },
      ],
    },
  },
]

const toCount = ({ _id: value, count }: { readonly _id: string; readonly count: number }): FacetCount => ({
  value,
  count,
})

function toFacets(found: FacetDocument | undefined): Facets {
  const [totals] = found?.totals ?? []
  const byName = Map.groupBy(found?.attributes ?? [], ({ _id }) => _id.name)
  return {
    total: totals?.count ?? 0,
    categories: (found?.categories ?? []).map(toCount),
    attributes: [...byName]
      .map(([name, values]) => ({ name, values: values.map(({ _id, count }) => ({ value: _id.value, count })) }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    price: totals === undefined ? undefined : { minMinor: totals.minMinor, maxMinor: totals.maxMinor },
  }
}
