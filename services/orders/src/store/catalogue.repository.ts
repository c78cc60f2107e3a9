import type { EventData } from '@tradewind/contracts/event'
import type { ProductUpsertedV1 } from '@tradewind/contracts/inventory'
import { type AnyBulkWriteOperation, type Db, Long, MongoBulkWriteError } from 'mongodb'
import type { PricedSku } from '../domain/order.ts'

interface CatalogueEntry {
  readonly _id: string
  readonly productId: string
  /** Of the product. An entry is replaced by a later version only. */
  readonly version: number
  readonly title: string
  readonly amountMinor: Long | number
  readonly currency: string
  readonly isForSale: boolean
}

/** This service's own copy of what is for sale at which price, kept up to date by events. */
export interface CatalogueRepository {
  /** Takes over a product unless a later version of it is known. */
  readonly save: (product: EventData<typeof ProductUpsertedV1>) => Promise<void>
  /** The SKUs among these that are for sale. */
  readonly findForSale: (skus: readonly string[]) => Promise<ReadonlyMap<string, PricedSku>>
}

export function createCatalogueRepository(db: Db): CatalogueRepository {
  const collection = db.collection<CatalogueEntry>('catalogue')
  return {
    save: async ({ productId, version, title, status, variants }) => {
      const isForSale = status === 'active'
      const operations = variants.map((variant): AnyBulkWriteOperation<CatalogueEntry> => {
        const { sku, price } = variant
        const fields = {
          productId,
          version,
          title: titleOf(title, variant.title),
          amountMinor: Long.fromNumber(price.amountMinor),
          currency: price.currency,
          isForSale,
        }
        // Where a later version is known nothing matches, and the attempted insert is refused by the id.
        const isOlder = { $or: [{ version: { $lt: version } }, { productId: { $ne: productId } }] }
        return { updateOne: { filter: { _id: sku, ...isOlder }, update: { $set: fields }, upsert: true } }
      })
      const gone = { productId, version: { $lt: version } }
      operations.push({ updateMany: { filter: gone, update: { $set: { version, isForSale: false } } } })
      try {
        await collection.bulkWrite(operations, { ordered: false })
      } catch (error) {
        if (!isOnlyDuplicates(error)) throw error
      }
    },
    findForSale: async (skus) => {
      const found = await collection.find({ _id: { $in: [...skus] }, isForSale: true }).toArray()
      return new Map(
        found.map(({ _id, title, amountMinor, currency }) => [
          _id,
          { sku: _id, title, price: { amountMinor: Number(amountMinor), currency } },
        ]),
      )
    },
  }
}

const titleOf = (product: string, variant: string) => (variant === product ? product : `${product}, ${variant}`)

const isOnlyDuplicates = (error: unknown): boolean =>
  error instanceof MongoBulkWriteError && [error.writeErrors].flat().every(({ code }) => code === 11000)
