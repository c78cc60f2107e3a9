import { CommandError } from '../errors.ts'
import { elementEnd, MAX_DEPTH, readElement } from './decode.ts'
import { type Doc, fitsInt64, isInt32, type Value } from './values.ts'

const INITIAL_BYTES = 64 * 1024
const KEEP_BYTES = 4 * 1024 * 1024
/** No reply and no document may grow past this, whatever asks for it. */
const MAX_BYTES = 64 * 1024 * 1024

let buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
let at = 0

/** Encodes a document into memory of its own. `headroom` bytes are left free in front, for a message header. */
export function encodeDocument(doc: Doc, headroom = 0): Buffer {
  at = 0
  writeDocument(doc, 0)
  // What is stored may be kept for long and must not hold a slice of the common pool; a message is gone in a moment.
  const bytes = headroom === 0 ? Buffer.allocUnsafeSlow(at) : Buffer.allocUnsafe(headroom + at)
  buffer.copy(bytes, headroom, 0, at)
  if (buffer.length > KEEP_BYTES) buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  return bytes
}

/**
 * Encodes a document of which only these fields may differ from how it is encoded already: the rest is copied, so `doc` need
 * not hold it. New fields follow at the end.
 */
export function encodeChanged(before: Buffer, doc: Doc, changed: ReadonlySet<string>): Buffer {
  at = 4
  reserve(before.length)
  const end = before.length - 1
  const met: string[] = []
  let copied = 4
  for (let from = 4; from < end; from = elementEnd) {
    const name = readElement(before, from, end)
    if (!changed.has(name)) continue
    copyBytes(before, copied, from)
    copied = elementEnd
    const value = doc.get(name)
    if (value !== undefined && !met.includes(name)) writeElement(name, value, 0)
    met.push(name)
  }
  copyBytes(before, copied, end)
  for (const [name, value] of doc.entries()) if (changed.has(name) && !met.includes(name)) writeElement(name, value, 0)
  reserve(1)
  buffer[at++] = 0
  buffer.writeInt32LE(at, 0)
  return ownCopy()
}

function copyBytes(from: Buffer, start: number, end: number): void {
  reserve(end - start)
  at += from.copy(buffer, at, start, end)
}

function ownCopy(): Buffer {
  // What is stored may be kept for long and must not hold a slice of the common pool.
  const bytes = Buffer.allocUnsafeSlow(at)
  buffer.copy(bytes, 0, 0, at)
  if (buffer.length > KEEP_BYTES) buffer = Buffer.allocUnsafeSlow(INITIAL_BYTES)
  return bytes
}

function reserve(bytes: number): void {
  if (at + bytes <= buffer.length) return
  if (at + bytes > MAX_BYTES) throw new CommandError('BSONObjectTooLarge', `BSONObj size: ${at + bytes} is invalid`)
  const larger = Buffer.allocUnsafeSlow(Math.min(MAX_BYTES, Math.max(buffer.length * 2, at + bytes)))
  buffer.copy(larger, 0, 0, at)
  buffer = larger
}

const SHORT_TEXT = 32

function writeText(text: string): void {
  const { length } = text
  reserve(length * 3 + 1)
  if (length <= SHORT_TEXT) {
    let i = 0
    for (; i < length; i++) {
      const code = text.charCodeAt(i)
      if (code > 127) break
      buffer[at + i] = code
    }
    if (i === length) {
      at += length
      buffer[at++] = 0
      return
    }
  }
  at += buffer.write(text, at, 'utf8')
  buffer[at++] = 0
}

function writeName(type: number, name: string): void {
  reserve(1)
  buffer[at++] = type
  writeText(name)
}

function writeString(text: string): void {
  reserve(4)
  const start = at
  at += 4
  writeText(text)
  buffer.writeInt32LE(at - start - 4, start)
}

function writeDocument(doc: Doc, depth: number): void {
  if (depth > MAX_DEPTH) {
    throw new CommandError('Overflow', `BSONObj exceeds maximum nested object depth: ${MAX_DEPTH}`)
  }
  reserve(5)
  const start = at
  at += 4
  const { keys, values } = doc
  for (let i = 0; i < keys.length; i++) {
    const value = values[i]
    if (value !== undefined) writeElement(keys[i] ?? '', value, depth)
  }
  reserve(1)
  buffer[at++] = 0
  buffer.writeInt32LE(at - start, start)
}

function writeArray(array: Value[], depth: number): void {
  reserve(5)
  const start = at
  at += 4
  for (let i = 0; i < array.length; i++) {
    const value = array[i]
    if (value !== undefined) writeElement(String(i), value, depth)
  }
  reserve(1)
  buffer[at++] = 0
  buffer.writeInt32LE(at - start, start)
}

function writeDouble(name: string, value: number): void {
  writeName(0x01, name)
  reserve(8)
  at = buffer.writeDoubleLE(value, at)
}

function writeNumber(name: string, value: number): void {
  if (!isInt32(value)) return writeDouble(name, value)
  writeName(0x10, name)
  reserve(4)
  at = buffer.writeInt32LE(value, at)
}

function writeInt64(name: string, value: bigint): void {
  if (!fitsInt64(value)) throw new CommandError('Overflow', `${value} does not fit into 64 bits`)
  writeName(0x12, name)
  reserve(8)
  at = buffer.writeBigInt64LE(value, at)
}

function writeBoolean(name: string, value: boolean): void {
  writeName(0x08, name)
  reserve(1)
  buffer[at++] = value ? 1 : 0
}

function writeElement(name: string, value: Value, depth: number): void {
  if (typeof value === 'string') {
    writeName(0x02, name)
    return writeString(value)
  }
  if (typeof value === 'number') return writeNumber(name, value)
  if (typeof value === 'bigint') return writeInt64(name, value)
  if (typeof value === 'boolean') return writeBoolean(name, value)
  if (value === null) return writeName(0x0a, name)
  if (Array.isArray(value)) {
    writeName(0x04, name)
    return writeArray(value, depth + 1)
  }
  writeObject(name, value, depth)
}

function writeBytes(bytes: Buffer): void {
  reserve(bytes.length)
  at += bytes.copy(buffer, at)
}

function writeObjectId(id: string): void {
  reserve(12)
  at += buffer.write(id, at, 'latin1')
}

type Tagged = Extract<Value, { tag: string }>

function writeObject(name: string, value: Tagged, depth: number): void {
  switch (value.tag) {
    case 'object':
      writeName(0x03, name)
      return writeDocument(value, depth + 1)
    case 'raw':
      writeName(0x03, name)
      return writeBytes(value.bytes)
    case 'double':
      return writeDouble(name, value.value)
    case 'decimal':
      writeName(0x13, name)
      return writeBytes(value.bytes)
    case 'objectId':
      writeName(0x07, name)
      return writeObjectId(value.id)
    case 'date': {
      writeName(0x09, name)
      reserve(8)
      const high = Math.floor(value.ms / 4294967296)
      if (!isInt32(high)) throw new CommandError('Overflow', `date ${value.ms} is out of range`)
      buffer.writeUInt32LE(value.ms - high * 4294967296, at)
      buffer.writeInt32LE(high, at + 4)
      at += 8
      return
    }
    case 'binData':
      writeName(0x05, name)
      reserve(5)
      at = buffer.writeInt32LE(value.bytes.length, at)
      buffer[at++] = value.subtype
      return writeBytes(value.bytes)
    case 'regex':
      writeName(0x0b, name)
      writeText(value.pattern)
      return writeText(value.options)
    case 'timestamp':
      writeName(0x11, name)
      reserve(8)
      at = buffer.writeUInt32LE(value.increment, at)
      at = buffer.writeUInt32LE(value.seconds, at)
      return
    case 'code':
      return writeCode(name, value.source, value.scope, depth)
    case 'symbol':
      writeName(0x0e, name)
      return writeString(value.value)
    case 'dbPointer':
      writeName(0x0c, name)
      writeString(value.ns)
      return writeObjectId(value.id.id)
    case 'undefined':
      return writeName(0x06, name)
    case 'minKey':
      return writeName(0xff, name)
    case 'maxKey':
      return writeName(0x7f, name)
  }
}

function writeCode(name: string, source: string, scope: Doc | undefined, depth: number): void {
  if (scope === undefined) {
    writeName(0x0d, name)
    return writeString(source)
  }
  writeName(0x0f, name)
  reserve(4)
  const start = at
  at += 4
  writeString(source)
  writeDocument(scope, depth + 1)
  buffer.writeInt32LE(at - start, start)
}
