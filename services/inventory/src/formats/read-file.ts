import type { Readable } from 'node:stream'
import { BrokenFile } from '../domain/broken-file.ts'
import type { FileItem } from '../domain/file-item.ts'
import { productsIn } from './csv-products.ts'
import { stockIn } from './csv-stock.ts'
import { maxRows } from './limits.ts'
import { type CsvRow, readCsv } from './read-csv.ts'
import { readNdjson } from './read-ndjson.ts'

export interface FileForm {
  readonly kind: 'products' | 'stock'
  readonly format: 'csv' | 'ndjson'
}

/** What a file says, item by item as they are asked for. Throws `BrokenFile`. */
export type ReadFile = (content: Readable, form: FileForm, rowLimit?: number) => AsyncGenerator<FileItem>

export const readFile: ReadFile = async function* (content, form, rowLimit = maxRows) {
  let rows = 0
  for await (const item of itemsIn(content, form)) {
    rows += item.rows
    if (rows > rowLimit) {
      throw new BrokenFile('INVENTORY_FILE_TOO_MANY_ROWS', `There are more than ${rowLimit} rows.`, item.lastRow)
    }
    yield item
  }
}

function itemsIn(content: Readable, { kind, format }: FileForm): AsyncGenerator<FileItem> {
  if (format === 'ndjson') return readNdjson(content)
  return csvItems(readCsv(content), kind === 'products' ? productsIn : stockIn)
}

/** Lets go of the file also when its header is refused. */
async function* csvItems(
  rows: AsyncGenerator<CsvRow>,
  itemsOf: (rows: AsyncGenerator<CsvRow>) => AsyncGenerator<FileItem>,
): AsyncGenerator<FileItem> {
  try {
    yield* itemsOf(rows)
  } finally {
    await rows.return(undefined)
  }
}
