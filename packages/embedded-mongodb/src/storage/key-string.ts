import { compareNumbers, exactValue, type Numeric, toNumber } from '../bson/numbers.ts'
import { CANONICAL_RANK, canonicalRank } from '../bson/type-names.ts'
import { type Doc, Double, makeDouble, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

/**
 * Index keys: bytes whose order is the server's comparison order, so that SQLite's own comparison of blobs is right.
 * Every component is self-delimiting, which is why a descending component can simply be inverted.
 */
const MAX_KEY_BYTES = 1024 * 1024

let buffer = Buffer.allocUnsafeSlow(4096)
let at = 0

/** Folds strings before they are encoded, for an index with a collation. */
export type Fold = ((text: string) => string) | undefined

export function encodeKey(values: readonly Value[], descending: readonly boolean[], fold?: Fold): Buffer {
  at = 0
  for (let i = 0; i < values.length; i++) {
    const start = at
    writeValue(values[i] ?? null, fold)
    if (descending[i] === true) invert(start)
  }
  return Buffer.from(buffer.subarray(0, at))
}

function invert(start: number): void {
  for (let i = start; i < at; i++) buffer[i] = ~(buffer[i] ?? 0)
}

function reserve(bytes: number): void {
  if (at + bytes <= buffer.length) return
  if (at + bytes > MAX_KEY_BYTES * 64) throw new CommandError('BSONObjectTooLarge', 'index key is too large')
  const larger = Buffer.allocUnsafeSlow(Math.max(buffer.length * 2, at + bytes))
  buffer.copy(larger, 0, 0, at)
  buffer = larger
}

function byte(value: number): void {
  reserve(1)
  buffer[at++] = value
}

/** A zero byte is escaped, and two zero bytes end the text, so that a prefix sorts before what it begins. */
function writeText(text: string): void {
  reserve(text.length * 3 + 2)
  const start = at
  at += buffer.write(text, at, 'utf8')
  const zero = buffer.indexOf(0, start)
  if (zero >= 0 && zero < at) escapeZeros(start)
  byte(0)
  byte(0)
}

function escapeZeros(start: number): void {
  const plain = Buffer.from(buffer.subarray(start, at))
  reserve(plain.length * 2)
  at = start
  for (const value of plain) {
    byte(value)
    if (value === 0) byte(0xff)
  }
}

function writeDoubleBits(value: number): void {
  reserve(8)
  if (Number.isNaN(value)) {
    at = buffer.writeBigUInt64BE(0n, at)
    return
  }
  buffer.writeDoubleBE(value === 0 ? 0 : value, at)
  if (value < 0) for (let i = at; i < at + 8; i++) buffer[i] = ~(buffer[i] ?? 0)
  else buffer[at] = (buffer[at] ?? 0) | 0x80
  at += 8
}

const EXACT = 1
const WITH_REST = 2

/** A double carries almost every number; what it cannot hold exactly follows as the distance from the double below. */
function writeNumber(value: Numeric): void {
  const nearest = toNumber(value)
  if (typeof value === 'number' || value instanceof Double || Number.isNaN(nearest)) {
    writeDoubleBits(nearest)
    return byte(EXACT)
  }
  if (typeof value === 'bigint' && Number.isSafeInteger(nearest)) {
    writeDoubleBits(nearest)
    return byte(EXACT)
  }
  if (nearest === Number.NEGATIVE_INFINITY && isMinusInfinity(value)) {
    writeDoubleBits(nearest)
    return byte(EXACT)
  }
  const below = doubleNotAbove(value, nearest)
  writeDoubleBits(below)
  if (compareNumbers(makeNumeric(below), value) === 0) return byte(EXACT)
  byte(WITH_REST)
  writeRest(value, below)
}

function makeNumeric(value: number): Numeric {
  const double = makeDouble(value)
  return double instanceof Double ? double : value
}

function isMinusInfinity(value: Numeric): boolean {
  return compareNumbers(value, Number.NEGATIVE_INFINITY) === 0
}

function doubleNotAbove(value: Numeric, nearest: number): number {
  if (nearest === Number.NEGATIVE_INFINITY) return nearest
  if (compareNumbers(makeNumeric(nearest), value) <= 0) return nearest
  return previousDouble(nearest)
}

const bits = new DataView(new ArrayBuffer(8))

function previousDouble(value: number): number {
  if (value === 0) return -Number.MIN_VALUE
  bits.setFloat64(0, value)
  bits.setBigUint64(0, bits.getBigUint64(0) + (value > 0 ? -1n : 1n))
  return bits.getFloat64(0)
}

/** The rest is positive: its decimal exponent, then its digits. Below the least double there is only the value itself. */
function writeRest(value: Numeric, below: number): void {
  const exact = exactValue(value)
  if (below === Number.NEGATIVE_INFINITY) {
    const size = -exact.numerator
    const digits = (10n ** 6200n - size).toString().padStart(6200, '0')
    return writeText(digits)
  }
  const base = exactValue(makeNumeric(below))
  const numerator = exact.numerator * base.denominator - base.numerator * exact.denominator
  const denominator = exact.denominator * base.denominator
  const { digits, exponent } = decimalExpansion(numerator, denominator)
  reserve(2)
  at = buffer.writeUInt16BE(exponent + 0x8000, at)
  writeText(digits)
}

/** Denominators here are products of powers of two and ten, so that the expansion ends. */
function decimalExpansion(numerator: bigint, denominator: bigint): { digits: string; exponent: number } {
  let scale = 0
  let scaled = numerator
  while (scaled % denominator !== 0n) {
    const step = scale === 0 ? 1 : Math.min(scale, 512)
    scaled *= 10n ** BigInt(step)
    scale += step
  }
  const digits = (scaled / denominator).toString()
  return { digits: digits.replace(/0+$/, ''), exponent: digits.length - scale }
}

function writeDoc(doc: Doc, fold: Fold): void {
  for (const [key, value] of doc.entries()) {
    byte(canonicalRank(value))
    writeText(key)
    writeValue(value, fold)
  }
  byte(0)
}

function writeInt64(value: bigint): void {
  reserve(8)
  at = buffer.writeBigUInt64BE(BigInt.asUintN(64, value) ^ (1n << 63n), at)
}

function writeBytes(bytes: Buffer): void {
  reserve(bytes.length)
  at += bytes.copy(buffer, at)
}

function writeValue(value: Value, fold: Fold): void {
  byte(canonicalRank(value))
  if (typeof value === 'string') return writeText(fold === undefined ? value : fold(value))
  if (typeof value === 'number' || typeof value === 'bigint') return writeNumber(value)
  if (typeof value === 'boolean') return byte(value ? 1 : 0)
  if (value === null) return
  if (Array.isArray(value)) {
    for (const element of value) writeValue(element, fold)
    return byte(0)
  }
  writeTagged(value, fold)
}

function writeTagged(value: Extract<Value, { tag: string }>, fold: Fold): void {
  switch (value.tag) {
    case 'double':
    case 'decimal':
      return writeNumber(value)
    case 'object':
      return writeDoc(value, fold)
    case 'objectId':
      reserve(12)
      at += buffer.write(value.id, at, 'latin1')
      return
    case 'date':
      return writeInt64(BigInt(Math.trunc(value.ms)))
    case 'binData':
      reserve(5)
      at = buffer.writeUInt32BE(value.bytes.length, at)
      buffer[at++] = value.subtype
      return writeBytes(value.bytes)
    case 'symbol':
      return writeText(fold === undefined ? value.value : fold(value.value))
    case 'regex':
      writeText(value.pattern)
      return writeText(value.options)
    case 'timestamp':
      reserve(8)
      at = buffer.writeUInt32BE(value.seconds, at)
      at = buffer.writeUInt32BE(value.increment, at)
      return
    case 'code':
      writeText(value.source)
      if (value.scope !== undefined) writeDoc(value.scope, fold)
      return
    case 'dbPointer':
      writeText(value.ns)
      return writeText(value.id.id)
    case 'undefined':
    case 'minKey':
    case 'maxKey':
      return
    case 'raw':
      throw new CommandError('InternalError', 'an encoded document cannot be an index key')
  }
}

export const RANKS = CANONICAL_RANK
