import { isUtf8 } from 'node:buffer'
import { pipeline, type Readable, Transform } from 'node:stream'
import { CsvError, parse } from 'csv-parse'
import { BrokenFile } from '../domain/broken-file.ts'
import { maxColumns, maxRecordLength } from './limits.ts'

export interface CsvRow {
  /** As a spreadsheet counts them: the header is the first. */
  readonly row: number
  readonly cells: readonly string[]
  readonly readBytes: number
}

interface Parsed {
  readonly record: readonly string[]
  readonly info: { readonly records: number; readonly empty_lines: number; readonly bytes: number }
}

/** The rows of a CSV file (RFC 4180) in UTF-8, the header among them, one after another as they are asked for. Throws `BrokenFile`. */
export async function* readCsv(content: Readable): AsyncGenerator<CsvRow> {
  const parser = parse({
    bom: true,
    info: true,
    skip_empty_lines: true,
    relax_column_count: true,
    max_record_size: maxRecordLength,
  })
  // The failure reaches whoever reads, through the parser.
  pipeline(content, refuseOtherEncodings(), parser, () => undefined)
  const rows: AsyncIterable<Parsed> = parser
  let columns: number | undefined
  try {
    for await (const { record: cells, info } of rows) {
      const row = info.records + info.empty_lines
      columns ??= cells.length
      if (columns > maxColumns) {
        throw new BrokenFile('INVENTORY_FILE_BAD_HEADER', `There are more than ${maxColumns} columns.`, row)
      }
      if (cells.length !== columns) {
        const detail = `Row ${row} has ${cells.length} cells, the header has ${columns}.`
        throw new BrokenFile('INVENTORY_FILE_BAD_ROW', detail, row)
      }
      yield { row, cells, readBytes: info.bytes }
    }
  } catch (error) {
    throw error instanceof CsvError ? brokenBy(error) : error
  }
}

function brokenBy(error: CsvError): BrokenFile {
  const row = numberOf(error, 'records') + numberOf(error, 'empty_lines') + 1
  if (error.code === 'CSV_MAX_RECORD_SIZE') {
    const detail = `Row ${row} is longer than ${maxRecordLength} characters, or a quote in it is never closed.`
    return new BrokenFile('INVENTORY_FILE_LINE_TOO_LONG', detail, row)
  }
  const isOpen = error.code === 'CSV_QUOTE_NOT_CLOSED'
  const detail = isOpen ? `A quote in row ${row} is never closed.` : `In row ${row} a quote stands where none may.`
  return new BrokenFile('INVENTORY_FILE_BAD_ROW', detail, row)
}

function numberOf(error: CsvError, name: string): number {
  const value: unknown = error[name]
  return typeof value === 'number' ? value : 0
}

const lineFeed = 0x0a

/** Passes bytes on as they are, as long as they are UTF-8. */
function refuseOtherEncodings(): Transform {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  let lines = 0
  let rest = Buffer.alloc(0)
  const check = (chunk: Buffer, isLast: boolean): BrokenFile | undefined => {
    try {
      decoder.decode(chunk, { stream: !isLast })
      return undefined
    } catch {
      const line = lines + lineThatIsNot(Buffer.concat([rest, chunk]))
      return new BrokenFile('INVENTORY_FILE_NOT_UTF8', `Line ${line} is not text in UTF-8.`, line)
    }
  }
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      const broken = check(chunk, false)
      const last = chunk.lastIndexOf(lineFeed)
      if (last === -1) rest = Buffer.concat([rest, chunk]).subarray(-maxRecordLength)
      else rest = Buffer.from(chunk.subarray(last + 1))
      for (const byte of chunk) if (byte === lineFeed) lines += 1
      if (broken === undefined) done(null, chunk)
      else done(broken)
    },
    flush(done) {
      done(check(Buffer.alloc(0), true) ?? null)
    },
  })
}

/** Number of the first line that is not UTF-8, from 1. */
function lineThatIsNot(bytes: Buffer): number {
  let start = 0
  for (let line = 1; ; line += 1) {
    const end = bytes.indexOf(lineFeed, start)
    if (end === -1 || !isUtf8(bytes.subarray(start, end))) return line
    start = end + 1
  }
}
