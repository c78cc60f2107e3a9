import { CommandError } from '../errors.ts'
import {
  Binary,
  Code,
  DateTime,
  DbPointer,
  Decimal,
  Doc,
  Double,
  isInt32,
  MAX_KEY,
  MIN_KEY,
  ObjectId,
  Regex,
  SymbolValue,
  Timestamp,
  UNDEFINED,
  type Value,
} from './values.ts'

export const MAX_DEPTH = 200

function invalid(what: string): CommandError {
  return new CommandError('InvalidBSON', what)
}

/** Field names repeat, so decoded names are shared; that also makes comparing them a comparison of pointers. */
const NAME_SLOTS = 8192
const MAX_SHARED_NAME = 40
const names: (string | undefined)[] = Array.from({ length: NAME_SLOTS })

function readName(buffer: Buffer, start: number, limit: number): string {
  let hash = 0
  let end = start
  let ascii = true
  for (; end < limit; end++) {
    const byte = buffer[end] ?? 0
    if (byte === 0) break
    if (byte > 127) ascii = false
    hash = (Math.imul(hash, 31) + byte) | 0
  }
  if (end >= limit) throw invalid('field name is not terminated')
  nameEnd = end + 1
  const length = end - start
  if (!ascii || length > MAX_SHARED_NAME) return buffer.toString('utf8', start, end)
  const slot = (hash ^ (hash >>> 15)) & (NAME_SLOTS - 1)
  const known = names[slot]
  if (known !== undefined && known.length === length) {
    let i = 0
    while (i < length && known.charCodeAt(i) === buffer[start + i]) i++
    if (i === length) return known
  }
  const name = buffer.toString('latin1', start, end)
  names[slot] = name
  return name
}
let nameEnd = 0

/** Decodes the document at `start`; everything in it lies within its own declared length. */
export function decodeDocument(buffer: Buffer, start = 0, limit = buffer.length): Doc {
  return readDocument(buffer, start, limit, 0)
}

/** Decodes only these of a document's own fields and passes over the rest, which may be most of it. */
export function decodeFields(buffer: Buffer, fields: ReadonlySet<string>): Doc {
  const end = openDocument(buffer, 0, buffer.length, 0)
  const doc = new Doc()
  let at = 4
  while (at < end) {
    const type = buffer[at] ?? 0
    const name = readName(buffer, at + 1, end)
    const from = nameEnd
    if (fields.has(name)) doc.push(name, readValue(buffer, type, from, end, 0))
    else skipValue(buffer, type, from, end)
    at = valueEnd
  }
  if (at !== end) throw invalid('document is longer than declared')
  return doc
}

/** The name of the element at `at`; `elementEnd` is then where the next one begins. */
export function readElement(buffer: Buffer, at: number, limit: number): string {
  const name = readName(buffer, at + 1, limit)
  skipValue(buffer, buffer[at] ?? 0, nameEnd, limit)
  elementEnd = valueEnd
  return name
}
export let elementEnd = 0

/** What is long says how long it is; the rest is decoded to be passed over. */
function skipValue(buffer: Buffer, type: number, at: number, limit: number): void {
  switch (type) {
    case 0x02:
      need(at, 4, limit)
      need(at + 4, buffer.readInt32LE(at), limit)
      return
    case 0x03:
    case 0x04:
      need(at, documentLength(buffer, at, limit), limit)
      return
    default:
      readValue(buffer, type, at, limit, 0)
  }
}

export function documentLength(buffer: Buffer, start: number, limit: number): number {
  if (start + 5 > limit) throw invalid('document is truncated')
  const length = buffer.readInt32LE(start)
  if (length < 5 || start + length > limit) throw invalid(`invalid document length ${length}`)
  return length
}

function readDocument(buffer: Buffer, start: number, limit: number, depth: number): Doc {
  const end = openDocument(buffer, start, limit, depth)
  const doc = new Doc()
  let at = start + 4
  while (at < end) {
    const type = buffer[at] ?? 0
    const name = readName(buffer, at + 1, end)
    doc.push(name, readValue(buffer, type, nameEnd, end, depth))
    at = valueEnd
  }
  if (at !== end) throw invalid('document is longer than declared')
  valueEnd = end + 1
  return doc
}

function readArray(buffer: Buffer, start: number, limit: number, depth: number): Value[] {
  const end = openDocument(buffer, start, limit, depth)
  const array: Value[] = []
  let at = start + 4
  while (at < end) {
    const type = buffer[at] ?? 0
    let from = at + 1
    while (from < end && buffer[from] !== 0) from++
    if (from >= end) throw invalid('field name is not terminated')
    array.push(readValue(buffer, type, from + 1, end, depth))
    at = valueEnd
  }
  if (at !== end) throw invalid('array is longer than declared')
  valueEnd = end + 1
  return array
}

function openDocument(buffer: Buffer, start: number, limit: number, depth: number): number {
  if (depth > MAX_DEPTH) {
    throw new CommandError('Overflow', `BSONObj exceeds maximum nested object depth: ${MAX_DEPTH}`)
  }
  const end = start + documentLength(buffer, start, limit) - 1
  if (buffer[end] !== 0) throw invalid('document is not terminated')
  return end
}

let valueEnd = 0

function need(at: number, bytes: number, limit: number): void {
  if (at + bytes > limit) throw invalid('value runs past the end of its document')
  valueEnd = at + bytes
}

function readString(buffer: Buffer, at: number, limit: number): string {
  need(at, 4, limit)
  const length = buffer.readInt32LE(at)
  if (length < 1) throw invalid(`invalid string length ${length}`)
  need(at + 4, length, limit)
  const end = at + 3 + length
  if (buffer[end] !== 0) throw invalid('string is not terminated')
  return buffer.toString('utf8', at + 4, end)
}

function readBinary(buffer: Buffer, at: number, limit: number): Binary {
  need(at, 5, limit)
  const length = buffer.readInt32LE(at)
  if (length < 0) throw invalid(`invalid binary length ${length}`)
  need(at + 5, length, limit)
  return new Binary(Buffer.from(buffer.subarray(at + 5, at + 5 + length)), buffer[at + 4] ?? 0)
}

function readCodeWithScope(buffer: Buffer, at: number, limit: number, depth: number): Code {
  need(at, 4, limit)
  const end = at + buffer.readInt32LE(at)
  if (end > limit || end < at + 14) throw invalid('invalid code with scope')
  const source = readString(buffer, at + 4, end)
  const scope = readDocument(buffer, valueEnd, end, depth + 1)
  if (valueEnd !== end) throw invalid('invalid code with scope')
  return new Code(source, scope)
}

function readValue(buffer: Buffer, type: number, at: number, limit: number, depth: number): Value {
  switch (type) {
    case 0x01: {
      need(at, 8, limit)
      const number = buffer.readDoubleLE(at)
      return isInt32(number) ? new Double(number) : number
    }
    case 0x02:
      return readString(buffer, at, limit)
    case 0x03:
      return readDocument(buffer, at, limit, depth + 1)
    case 0x04:
      return readArray(buffer, at, limit, depth + 1)
    case 0x05:
      return readBinary(buffer, at, limit)
    case 0x06:
      valueEnd = at
      return UNDEFINED
    case 0x07:
      need(at, 12, limit)
      return new ObjectId(buffer.toString('latin1', at, at + 12))
    case 0x08: {
      need(at, 1, limit)
      const byte = buffer[at]
      if (byte !== 0 && byte !== 1) throw invalid('invalid boolean')
      return byte === 1
    }
    case 0x09:
      need(at, 8, limit)
      return new DateTime(buffer.readInt32LE(at + 4) * 4294967296 + buffer.readUInt32LE(at))
    case 0x0a:
      valueEnd = at
      return null
    case 0x0b: {
      const pattern = readName(buffer, at, limit)
      const options = readName(buffer, nameEnd, limit)
      valueEnd = nameEnd
      return new Regex(pattern, options)
    }
    case 0x0c: {
      const ns = readString(buffer, at, limit)
      const id = valueEnd
      need(id, 12, limit)
      return new DbPointer(ns, new ObjectId(buffer.toString('latin1', id, id + 12)))
    }
    case 0x0d:
      return new Code(readString(buffer, at, limit), undefined)
    case 0x0e:
      return new SymbolValue(readString(buffer, at, limit))
    case 0x0f:
      return readCodeWithScope(buffer, at, limit, depth)
    case 0x10:
      need(at, 4, limit)
      return buffer.readInt32LE(at)
    case 0x11:
      need(at, 8, limit)
      return new Timestamp(buffer.readUInt32LE(at + 4), buffer.readUInt32LE(at))
    case 0x12:
      need(at, 8, limit)
      return buffer.readBigInt64LE(at)
    case 0x13:
      need(at, 16, limit)
      return new Decimal(Buffer.from(buffer.subarray(at, at + 16)))
    case 0x7f:
      valueEnd = at
      return MAX_KEY
    case 0xff:
      valueEnd = at
      return MIN_KEY
    default:
      throw invalid(`unknown BSON type ${type}`)
  }
}
