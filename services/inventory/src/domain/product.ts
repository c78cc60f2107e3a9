import { defineError } from '@tradewind/service-kit/errors'

export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

export interface Variant {
  readonly sku: string
  readonly title: string
  readonly attributes: Readonly<Record<string, string>>
  readonly price: Money
  readonly weightGrams?: number
}

/** A picture that is kept apart; the product knows what it is. */
export interface Image {
  readonly id: string
  readonly mediaType: string
  readonly bytes: number
}

export type ProductStatus = 'draft' | 'active' | 'retired'
/** Newest first, by title, or by lowest price up or down. */
export type ProductSort = 'newest' | 'title' | 'price' | '-price'

export interface Product {
  readonly id: string
  /** Chosen by the operator and unique; imports find the product by it. */
  readonly handle?: string
  readonly title: string
  readonly description: string
  readonly category: string
  readonly status: ProductStatus
  readonly variants: readonly Variant[]
  /** In the order in which they are shown. */
  readonly images?: readonly Image[]
  /** Lower-case words of everything a customer may search for. */
  readonly words: readonly string[]
  /** Lowest price of its variants, for sorting. */
  readonly priceMinor: number
}

export const ProductNotFound = defineError('INVENTORY_PRODUCT_NOT_FOUND', 'not-found', 'There is no such product.')
export const DuplicateSku = defineError('INVENTORY_DUPLICATE_SKU', 'invalid', 'A SKU stands twice in the request.')
export const SkuTaken = defineError('INVENTORY_SKU_TAKEN', 'conflict', 'Another product has this SKU already.')

export const HandleTaken = defineError('INVENTORY_HANDLE_TAKEN', 'conflict', 'Another product has this handle already.')
export const TooManyImages = defineError('INVENTORY_TOO_MANY_IMAGES', 'conflict', 'A product has at most 20 images.')

export type ProductInput = Omit<Product, 'id' | 'words' | 'priceMinor' | 'images'>

/** Throws `DuplicateSku`. */
export function createProduct(id: string, input: ProductInput): Product {
  const skus = input.variants.map(({ sku }) => sku)
  const repeated = skus.findIndex((sku, index) => skus.indexOf(sku) !== index)
  if (repeated !== -1) {
    const errors = [{ pointer: `/variants/${repeated}/sku`, detail: 'stands twice' }]
    throw DuplicateSku({ sku: skus[repeated] }, { errors })
  }
  return {
    ...input,
    id,
    words: wordsOf(input),
    priceMinor: Math.min(...input.variants.map((v) => v.price.amountMinor)),
  }
}

/** Applies what is given and keeps the rest. Throws `DuplicateSku`. */
export const changeProduct = (product: Product, change: Partial<ProductInput>): Product =>
  createProduct(product.id, { ...product, ...change })

const variantsOf = ({ variants }: ProductInput) =>
  JSON.stringify(
    variants.map(({ sku, title, attributes, price, weightGrams }) => [
      sku,
      title,
      Object.entries(attributes).toSorted(([a], [b]) => (a < b ? -1 : 1)),
      price.amountMinor,
      price.currency,
      weightGrams,
    ]),
  )

/** True when the change would leave the product as it is. */
export const isUnchangedBy = (product: Product, change: ProductInput): boolean =>
  (change.handle ?? product.handle) === product.handle &&
  change.title === product.title &&
  change.description === product.description &&
  change.category === product.category &&
  change.status === product.status &&
  variantsOf(change) === variantsOf(product)

const maxImages = 20

/** Throws `TooManyImages`. */
export function addImage(product: Product, image: Image): Product {
  const images = product.images ?? []
  if (images.length >= maxImages) throw TooManyImages({ id: product.id })
  return { ...product, images: [...images, image] }
}

/** Returns the same object when the product does not have the image. */
export function removeImage(product: Product, imageId: string): Product {
  const images = product.images ?? []
  const kept = images.filter(({ id }) => id !== imageId)
  return kept.length === images.length ? product : { ...product, images: kept }
}

/** Most words of one product that can be searched for. */
const maxWords = 400

/** The words of a text, lower case, without accents. */
export const wordsIn = (text: string): string[] =>
  text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter((word) => word !== '')

function wordsOf({ title, description, category, variants }: ProductInput): string[] {
  const texts = [
    title,
    category,
    ...variants.flatMap((v) => [v.sku, v.title, ...Object.values(v.attributes)]),
    description,
  ]
  return [...new Set(texts.flatMap(wordsIn))].slice(0, maxWords)
}
