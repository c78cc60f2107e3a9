import type { Readable } from 'node:stream'
import { DomainError } from '@tradewind/service-kit/errors'
import { parseJsonBody } from '@tradewind/service-kit/json-body'
import { BrokenFile } from '../domain/broken-file.ts'
import { type FileItem, faultsFor } from '../domain/file-item.ts'
import { maxLineBytes } from './limits.ts'

const lineFeed = 0x0a

interface Line {
  readonly row: number
  readonly bytes: Buffer
  readonly readBytes: number
}

/** Lines without their ends; none is kept longer than it may be. */
async function* linesOf(content: Readable): AsyncGenerator<Line> {
  const chunks: AsyncIterable<Buffer> = content
  let parts: Buffer[] = []
  let length = 0
  let row = 1
  let readBytes = 0
  const take = (part: Buffer) => {
    length += part.length
    if (length > maxLineBytes) {
      const detail = `Line ${row} is longer than ${maxLineBytes} bytes.`
      throw new BrokenFile('INVENTORY_FILE_LINE_TOO_LONG', detail, row)
    }
    parts.push(part)
  }
  for await (const chunk of chunks) {
    let start = 0
    for (let end = chunk.indexOf(lineFeed); end !== -1; end = chunk.indexOf(lineFeed, start)) {
      take(chunk.subarray(start, end))
      readBytes += length + 1
      yield { row, bytes: Buffer.concat(parts), readBytes }
      parts = []
      length = 0
      row += 1
      start = end + 1
    }
    take(chunk.subarray(start))
  }
  if (length > 0) yield { row, bytes: Buffer.concat(parts), readBytes: readBytes + length }
}

/** One JSON text per line in UTF-8; empty lines are passed over. Throws `BrokenFile`. */
export async function* readNdjson(content: Readable): AsyncGenerator<FileItem> {
  for await (const { row, bytes, readBytes } of linesOf(content)) {
    if (bytes.every(isBlank)) continue
    const place = (pointer: string) => ({ row, ...(pointer !== '' && { pointer }) })
    const item = { firstRow: row, lastRow: row, rows: 1, readBytes, place, value: undefined, faults: [] }
    const parsed = parse(bytes, row)
    if (parsed instanceof DomainError) yield { ...item, faults: faultsFor(item, parsed) }
    else if (hasLoneSurrogate(bytes, parsed.value)) {
      const detail = 'The line holds half of a character.'
      yield { ...item, faults: [{ row, detail, code: 'INVALID_INPUT' }] }
    } else yield { ...item, ...keyOf(parsed.value), value: parsed.value }
  }
}

const isBlank = (byte: number): boolean => byte === 0x20 || byte === 0x09 || byte === 0x0d

function parse(bytes: Buffer, row: number): { readonly value: unknown } | DomainError {
  try {
    return { value: parseJsonBody(bytes) }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    if (error.code !== 'MALFORMED_JSON') return error
    throw new BrokenFile('INVENTORY_FILE_BAD_ROW', `Line ${row} is not one JSON text in UTF-8.`, row)
  }
}

function keyOf(value: unknown): { readonly key?: string } {
  const isNamed = typeof value === 'object' && value !== null && 'handle' in value
  return isNamed && typeof value.handle === 'string' ? { key: value.handle } : {}
}

/** The database could keep such text only as another. */
function hasLoneSurrogate(bytes: Buffer, value: unknown): boolean {
  if (!bytes.includes(String.raw`\ud`) && !bytes.includes(String.raw`\uD`)) return false
  const isIn = (one: unknown): boolean => {
    if (typeof one === 'string') return !one.isWellFormed()
    return (
      typeof one === 'object' && one !== null && Object.entries(one).some(([name, inner]) => isIn(name) || isIn(inner))
    )
  }
  return isIn(value)
}
