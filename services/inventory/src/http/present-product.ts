import type { Product } from '@tradewind/contracts/inventory'
import type { ProductView } from '../use-cases/browse-catalogue.ts'

/** The weak point of an ETag is forgetting what it covers: here the product's version, not its stock. */
export const productEtag = (version: number): string => `"${version}"`

export function presentProduct({ product, available }: ProductView): Product {
  const { id, title, description, category, status, version, createdAt, updatedAt } = product
  return {
    id,
    title,
    description,
    category,
    status,
    variants: product.variants.map((variant) => ({
      sku: variant.sku,
      title: variant.title,
      attributes: { ...variant.attributes },
      price: variant.price,
      available: available.get(variant.sku) ?? 0,
    })),
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
