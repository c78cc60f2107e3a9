import type { ImportedCount, ImportedProduct } from '@tradewind/contracts/jobs'
import { stringify } from 'csv-stringify/sync'
import type { Product } from '../domain/product.ts'
import { neutralised } from './csv-cells.ts'
import { attributePrefix, productColumns } from './csv-products.ts'
import { stockColumns } from './csv-stock.ts'
import { maxColumns } from './limits.ts'

/** Names of attributes that a CSV file has room for. */
export const maxAttributes = maxColumns - productColumns.length

/** Turns what there is into the text of a file, in the form that imports take. */
export interface FileWriter<T> {
  readonly head: string
  readonly text: (items: readonly T[]) => string
}

type Cell = string | number | undefined

const csv = (rows: readonly (readonly Cell[])[]): string =>
  stringify(
    rows.map((row) => row.map((cell) => (typeof cell === 'string' ? neutralised(cell) : cell))),
    // White space at the ends and line ends of any kind survive only in quotes.
    { quoted_match: /^\s|\s$|[\r\n]/ },
  )

const ndjson = (items: readonly unknown[]): string => items.map((item) => `${JSON.stringify(item)}\n`).join('')

const exported = ({ id, handle, title, description, category, status, variants }: Product): ImportedProduct => ({
  handle: handle ?? id,
  title,
  description,
  category,
  status,
  variants: variants.map(({ sku, title: variantTitle, attributes, price, weightGrams }) => ({
    sku,
    title: variantTitle,
    attributes: { ...attributes },
    price: { ...price },
    ...(weightGrams !== undefined && { weightGrams }),
  })),
})

export const productsAsNdjson: FileWriter<Product> = { head: '', text: (products) => ndjson(products.map(exported)) }

/** One row per variant; what the product says stands in its first. */
export function productsAsCsv(attributes: readonly string[]): FileWriter<Product> {
  const rowsOf = (product: Product) => {
    const { handle, title, description, category, status, variants } = exported(product)
    return variants.map((variant, index) => [
      handle,
      ...(index === 0 ? [title, description, category, status] : ['', '', '', '']),
      variant.sku,
      variant.title,
      variant.price.amountMinor,
      variant.price.currency,
      variant.weightGrams,
      ...attributes.map((name) => variant.attributes?.[name]),
    ])
  }
  return {
    head: csv([[...productColumns, ...attributes.map((name) => `${attributePrefix}${name}`)]]),
    text: (products) => csv(products.flatMap(rowsOf)),
  }
}

export interface ShelfCount {
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
}

/** What was on hand stands beside the count, so that what is sold until it comes back is no difference. */
const counted = ({ sku, locationId, onHand }: ShelfCount): ImportedCount => ({
  sku,
  locationId,
  counted: onHand,
  onHandWhenCounted: onHand,
})

export const stockAsNdjson: FileWriter<ShelfCount> = { head: '', text: (shelves) => ndjson(shelves.map(counted)) }

export const stockAsCsv: FileWriter<ShelfCount> = {
  head: csv([stockColumns.slice(0, 4)]),
  text: (shelves) => csv(shelves.map(({ sku, locationId, onHand }) => [sku, locationId, onHand, onHand])),
}
