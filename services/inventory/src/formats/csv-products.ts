import type { FileItem, RowFault } from '../domain/file-item.ts'
import { numberIn } from './csv-cells.ts'
import { cellOf, columnsIn } from './csv-header.ts'
import type { CsvRow } from './read-csv.ts'

const ofProduct = ['title', 'description', 'category', 'status'] as const
const required = ['handle', 'title', 'category', 'sku', 'variantTitle', 'priceMinor', 'currency'] as const
export const productColumns = [
  'handle',
  'title',
  'description',
  'category',
  'status',
  'sku',
  'variantTitle',
  'priceMinor',
  'currency',
  'weightGrams',
] as const
/** A column of an attribute: `attr:colour`. */
export const attributePrefix = 'attr:'

const isKnown = (name: string) => productColumns.some((one) => one === name) || /^attr:[a-z][a-z0-9_]{0,31}$/.test(name)

/** More than a product may have, so that the schema sees that there are too many. */
const maxVariants = 101

interface Gathered {
  readonly handle: string
  readonly first: CsvRow
  readonly lastRow: number
  readonly readBytes: number
  readonly rows: number
  readonly value: Readonly<Record<string, unknown>>
  readonly variants: readonly unknown[]
  readonly variantRows: readonly number[]
  readonly faults: readonly RowFault[]
}

/** Rows with one handle that stand together form a product, one variant each. */
export async function* productsIn(rows: AsyncGenerator<CsvRow>): AsyncGenerator<FileItem> {
  const header = await rows.next()
  const columns = columnsIn(header.done === true ? undefined : header.value, required, isKnown)
  const attributes = [...columns.keys()].filter((name) => name.startsWith(attributePrefix))
  let gathered: Gathered | undefined
  for await (const row of rows) {
    const cell = cellOf(columns, row)
    const handle = cell('handle') ?? ''
    if (gathered !== undefined && handle !== '' && gathered.handle === handle) {
      gathered = joined(gathered, row, cell, attributes)
      continue
    }
    if (gathered !== undefined) yield itemOf(gathered)
    gathered = begun(handle, row, cell, attributes)
  }
  if (gathered !== undefined) yield itemOf(gathered)
}

type Cell = (name: string) => string | undefined

function begun(handle: string, row: CsvRow, cell: Cell, attributes: readonly string[]): Gathered {
  const status = cell('status')
  const description = cell('description')
  return {
    handle,
    first: row,
    lastRow: row.row,
    readBytes: row.readBytes,
    rows: 1,
    value: {
      handle,
      title: cell('title'),
      ...(description !== undefined && { description }),
      category: cell('category'),
      ...(status !== undefined && status !== '' && { status }),
    },
    variants: [variantOf(cell, attributes)],
    variantRows: [row.row],
    faults: [],
  }
}

function joined(before: Gathered, row: CsvRow, cell: Cell, attributes: readonly string[]): Gathered {
  const differing = ofProduct.filter((name) => {
    const text = cell(name) ?? ''
    return text !== '' && text !== (before.value[name] ?? '')
  })
  const faults = differing.map((name) => ({
    row: row.row,
    pointer: `/${name}`,
    detail: 'differs from the first row of this product',
    code: 'INVALID_INPUT',
  }))
  const isOneTooMany = before.variants.length >= maxVariants
  return {
    ...before,
    lastRow: row.row,
    readBytes: row.readBytes,
    rows: before.rows + 1,
    ...(!isOneTooMany && {
      variants: [...before.variants, variantOf(cell, attributes)],
      variantRows: [...before.variantRows, row.row],
      faults: [...before.faults, ...faults],
    }),
  }
}

function variantOf(cell: Cell, attributes: readonly string[]): unknown {
  const weight = cell('weightGrams') ?? ''
  const given = attributes.flatMap((column) => {
    const value = cell(column) ?? ''
    return value === '' ? [] : [[column.slice(attributePrefix.length), value] as const]
  })
  return {
    sku: cell('sku'),
    title: cell('variantTitle'),
    attributes: Object.fromEntries(given),
    price: { amountMinor: numberIn(cell('priceMinor') ?? ''), currency: cell('currency') },
    ...(weight !== '' && { weightGrams: numberIn(weight) }),
  }
}

const itemOf = ({ handle, first, variantRows, variants, value, ...rest }: Gathered): FileItem => ({
  ...rest,
  firstRow: first.row,
  ...(handle !== '' && { key: handle }),
  value: { ...value, variants },
  place: (pointer) => placeOf(pointer, first.row, variantRows),
})

/** Where `/variants/1/price/amountMinor` leads: to the second row of the product and its column `priceMinor`. */
function placeOf(pointer: string, firstRow: number, variantRows: readonly number[]): Pick<RowFault, 'row' | 'pointer'> {
  const [, index, field = ''] = /^\/variants(?:\/(\d+)(.*))?$/.exec(pointer) ?? []
  const isOfVariants = pointer.startsWith('/variants')
  const row = (index === undefined ? undefined : variantRows[Number(index)]) ?? firstRow
  const column = isOfVariants ? columnOf(field) : pointer
  return { row, ...(column !== '' && { pointer: column }) }
}

const columnsByField: Readonly<Record<string, string>> = {
  '/title': '/variantTitle',
  '/price': '/priceMinor',
  '/price/amountMinor': '/priceMinor',
  '/price/currency': '/currency',
}

const columnOf = (field: string): string =>
  columnsByField[field] ?? field.replace(/^\/attributes\//, `/${attributePrefix}`)
