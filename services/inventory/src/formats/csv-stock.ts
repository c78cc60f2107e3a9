import { BrokenFile } from '../domain/broken-file.ts'
import type { FileItem } from '../domain/file-item.ts'
import { numberIn } from './csv-cells.ts'
import { cellOf, columnsIn } from './csv-header.ts'
import type { CsvRow } from './read-csv.ts'

export const stockColumns = ['sku', 'locationId', 'counted', 'onHandWhenCounted', 'delta', 'reason'] as const
const numbers = new Set<string>(['counted', 'onHandWhenCounted', 'delta'])

/** Each row counts one SKU at one location, or adds to it or takes from it. */
export async function* stockIn(rows: AsyncGenerator<CsvRow>): AsyncGenerator<FileItem> {
  const header = await rows.next()
  const columns = columnsIn(header.done === true ? undefined : header.value, ['sku', 'locationId'], (name) =>
    stockColumns.some((one) => one === name),
  )
  if (!columns.has('counted') && !columns.has('delta')) {
    throw new BrokenFile('INVENTORY_FILE_BAD_HEADER', 'There is neither a column `counted` nor a column `delta`.', 1)
  }
  for await (const one of rows) {
    const { row, readBytes } = one
    const cell = cellOf(columns, one)
    const given = stockColumns.flatMap((name) => {
      const text = cell(name) ?? ''
      return text === '' ? [] : [[name, numbers.has(name) ? numberIn(text) : text] as const]
    })
    yield {
      firstRow: row,
      lastRow: row,
      rows: 1,
      readBytes,
      value: Object.fromEntries(given),
      faults: [],
      place: (pointer) => ({ row, ...(pointer !== '' && { pointer }) }),
    }
  }
}
