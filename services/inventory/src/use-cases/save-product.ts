import { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import {
  changeProduct,
  createProduct,
  HandleTaken,
  type Product,
  type ProductInput,
  ProductNotFound,
  SkuTaken,
} from '../domain/product.ts'
import type { ProductRepository, StoredProduct } from '../store/product.repository.ts'

export const ProductChanged = defineError(
  'INVENTORY_PRODUCT_CHANGED',
  'precondition-failed',
  'Somebody else changed the product: its ETag is not the one in If-Match. Read it again.',
)

export type CreateProduct = (input: ProductInput) => Promise<StoredProduct>
export type UpdateProduct = (
  id: string,
  change: Partial<ProductInput>,
  /** Refuses when the product has another version; undefined takes any. */
  expectedVersion: number | undefined,
) => Promise<StoredProduct>

interface Ports {
  readonly products: ProductRepository
  readonly newId: (prefix: string) => string
}

export const makeCreateProduct =
  ({ products, newId }: Ports): CreateProduct =>
  (input) => {
    const product = createProduct(newId('prd'), input)
    return refusingTaken(products.insert(product, upserted(product, 1, newId)))
  }

export const makeUpdateProduct =
  ({ products, newId }: Ports): UpdateProduct =>
  async (id, change, expectedVersion) => {
    const saved = await refusingTaken(
      products.upsert(id, (before) => {
        if (before === undefined) throw ProductNotFound({ id })
        if (expectedVersion !== undefined && expectedVersion !== before.version) throw ProductChanged({ id })
        const after = changeProduct(before, change)
        return changed(after, upserted(after, before.version + 1, newId))
      }),
    )
    if (saved === undefined) throw ProductNotFound({ id })
    return saved
  }

export const upserted = ({ id, title, category, status, variants }: Product, version: number, newId: Ports['newId']) =>
  ProductUpsertedV1.create(newId('evt'), {
    productId: id,
    version,
    title,
    category,
    status,
    variants: variants.map(({ sku, title: variantTitle, price, weightGrams }) => ({
      sku,
      title: variantTitle,
      price,
      ...(weightGrams !== undefined && { weightGrams }),
    })),
  })

/** Says which of a product's unique names another one has. Throws `SkuTaken`, `HandleTaken`. */
export async function refusingTaken<T>(write: Promise<T>): Promise<T> {
  try {
    return await write
  } catch (error) {
    if (!DuplicateKey.is(error)) throw error
    throw error.details['index'] === 'handle' ? HandleTaken({}, { cause: error }) : SkuTaken({}, { cause: error })
  }
}
