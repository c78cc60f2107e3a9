import type { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import type { EventData } from '@tradewind/contracts/event'
import { shareReads } from '@tradewind/database/share-reads'
import { type Db, Long, MongoServerError } from 'mongodb'
import type { PricedSku } from '../domain/price-lines.ts'

interface CatalogueVariant {
  readonly sku: string
  readonly title: string
  readonly amountMinor: Long | number
  readonly currency: string
  readonly weightGrams?: number
}

/** A product as it was last announced, whole, so that what a later version dropped cannot come back with an earlier one. */
interface CatalogueProduct {
  readonly _id: string
  /** A product is replaced by a later version of it only. */
  readonly version: number
  /** When inventory changed it. A SKU that stands in two products belongs to the one that was changed last. */
  readonly changedAt: Date
  readonly isForSale: boolean
  /** Missing in copies from before orders were taxed; the next change of the product brings it. */
  readonly category?: string
  readonly variants: readonly CatalogueVariant[]
}

/** This service's own copy of what is for sale at which price, kept up to date by events. */
export interface CatalogueRepository {
  /** Takes over a product unless this or a later version of it is known. */
  readonly save: (product: EventData<typeof ProductUpsertedV1>, changedAt: Date) => Promise<void>
  /** Those of these SKUs that are for sale, maybe with others: callers of one moment share one read. */
  readonly findForSale: (skus: readonly string[]) => Promise<ReadonlyMap<string, PricedSku>>
}

export function createCatalogueRepository(db: Db): CatalogueRepository {
  const collection = db.collection<CatalogueProduct>('catalogue')
  const forSale = shareReads(async (skus) => {
    const wanted = new Set(skus)
    const products = await collection
      .find({ 'variants.sku': { $in: [...wanted] } })
      .sort({ changedAt: 1, _id: 1 })
      .toArray()
    const found = new Map<string, PricedSku>()
    for (const { isForSale, category = '', variants } of products) {
      for (const { sku, title, amountMinor, currency, weightGrams = 0 } of variants) {
        if (!wanted.has(sku)) continue
        const price = { amountMinor: Number(amountMinor), currency }
        if (isForSale) found.set(sku, { sku, title, price, category, weightGrams })
        else found.delete(sku)
      }
    }
    return found
  })
  return {
    save: async ({ productId, version, title, category, status, variants }, changedAt) => {
      const isOlder = { _id: productId, version: { $lt: version } }
      const product = {
        version,
        changedAt,
        isForSale: status === 'active',
        category,
        variants: variants.map((variant) => ({
          sku: variant.sku,
          title: titleOf(title, variant.title),
          amountMinor: Long.fromNumber(variant.price.amountMinor),
          currency: variant.price.currency,
          ...(variant.weightGrams !== undefined && { weightGrams: variant.weightGrams }),
        })),
      }
      try {
        await collection.updateOne(isOlder, { $set: product }, { upsert: true })
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
        // It is there: in this version or a later one, or in an earlier one that was inserted at the same moment.
        await collection.updateOne(isOlder, { $set: product })
      }
    },
    findForSale: forSale,
  }
}

const titleOf = (product: string, variant: string) => (variant === product ? product : `${product}, ${variant}`)
