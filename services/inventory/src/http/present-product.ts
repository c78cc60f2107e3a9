import type { Image, Product } from '@tradewind/contracts/catalogue'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import type { ProductView } from '../use-cases/browse-catalogue.ts'

/** Covers all that is shown: the product's version, for edits, and behind it what is available. */
export const productEtag = ({ version, variants }: Product): string =>
  `"${version}-${fingerprint(variants.map(({ available }) => available).join()).slice(0, 12)}"`

export function presentProduct({ product, available }: ProductView): Product {
  const { id, handle, title, description, category, status, version, createdAt, updatedAt } = product
  return {
    id,
    ...(handle !== undefined && { handle }),
    title,
    description,
    category,
    status,
    variants: product.variants.map((variant) => ({
      sku: variant.sku,
      title: variant.title,
      attributes: { ...variant.attributes },
      price: variant.price,
      ...(variant.weightGrams !== undefined && { weightGrams: variant.weightGrams }),
      available: available.get(variant.sku) ?? 0,
    })),
    images: (product.images ?? []).map(presentImage),
    version,
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

export const presentImage = ({ id, mediaType, bytes }: Omit<Image, 'url'>): Image => ({
  id,
  url: `/v1/images/${id}`,
  mediaType,
  bytes,
})
