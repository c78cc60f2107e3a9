import { BrokenFile } from '../domain/broken-file.ts'
import { asWritten } from './csv-cells.ts'
import type { CsvRow } from './read-csv.ts'

const fault = (detail: string, row: number | undefined) => new BrokenFile('INVENTORY_FILE_BAD_HEADER', detail, row)

/** The columns of a file by name. Throws `BrokenFile` for a column that is unknown, missing or there twice. */
export function columnsIn(
  header: CsvRow | undefined,
  required: readonly string[],
  isKnown: (name: string) => boolean,
): ReadonlyMap<string, number> {
  const columns = new Map<string, number>()
  for (const [index, name] of (header?.cells ?? []).entries()) {
    const shown = name.slice(0, 100)
    if (!isKnown(name)) throw fault(`There is no column \`${shown}\`; columns are separated by commas.`, header?.row)
    if (columns.has(name)) throw fault(`The column \`${shown}\` is there twice.`, header?.row)
    columns.set(name, index)
  }
  const missing = required.filter((name) => !columns.has(name))
  if (missing.length > 0) throw fault(`Columns are missing: ${missing.join(', ')}.`, header?.row ?? 1)
  return columns
}

/** Reads a cell of a row; undefined where the file has no such column. */
export const cellOf =
  (columns: ReadonlyMap<string, number>, { cells }: CsvRow) =>
  (name: string): string | undefined => {
    const index = columns.get(name)
    return index === undefined ? undefined : asWritten(cells[index] ?? '')
  }
