import { compareNumbers, isNumeric } from './numbers.ts'
import { canonicalRank } from './type-names.ts'
import {
  Binary,
  Code,
  DateTime,
  DbPointer,
  Doc,
  ObjectId,
  Regex,
  SymbolValue,
  Timestamp,
  type Value,
} from './values.ts'

/** How strings compare: bytewise unless a collation says otherwise. */
export type StringOrder = (a: string, b: string) => number

/** The server compares UTF-8 bytes, which is code point order; UTF-16 units differ from it only around surrogates. */
export function compareStrings(a: string, b: string): number {
  if (a === b) return 0
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const x = a.charCodeAt(i)
    const y = b.charCodeAt(i)
    if (x === y) continue
    const shiftedX = x >= 0xd800 && x <= 0xdfff ? x + 0x10000 : x
    const shiftedY = y >= 0xd800 && y <= 0xdfff ? y + 0x10000 : y
    return shiftedX < shiftedY ? -1 : 1
  }
  return a.length < b.length ? -1 : 1
}

/** Compares in the server's order across types. Missing fields sort with null: give null for them. */
export function compareValues(a: Value, b: Value, strings: StringOrder = compareStrings): number {
  if (typeof a === 'string' && typeof b === 'string') return strings(a, b)
  if (typeof a === 'number' && typeof b === 'number') return compareNumbers(a, b)
  const rank = canonicalRank(a)
  const other = canonicalRank(b)
  if (rank !== other) return rank < other ? -1 : 1
  if (isNumeric(a) && isNumeric(b)) return compareNumbers(a, b)
  return compareSameRank(a, b, strings)
}

export function valuesEqual(a: Value, b: Value, strings: StringOrder = compareStrings): boolean {
  return compareValues(a, b, strings) === 0
}

function order(a: number, b: number): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function text(value: Value): string {
  return value instanceof SymbolValue ? value.value : typeof value === 'string' ? value : ''
}

function compareSameRank(a: Value, b: Value, strings: StringOrder): number {
  if (typeof a === 'string' || a instanceof SymbolValue) return strings(text(a), text(b))
  if (typeof a === 'boolean' && typeof b === 'boolean') return Number(a) - Number(b)
  if (a instanceof Doc && b instanceof Doc) return compareDocs(a, b, strings)
  if (Array.isArray(a) && Array.isArray(b)) return compareArrays(a, b, strings)
  if (a instanceof ObjectId && b instanceof ObjectId) return order2(a.id, b.id)
  if (a instanceof DateTime && b instanceof DateTime) return order(a.ms, b.ms)
  if (a instanceof Binary && b instanceof Binary) {
    return order(a.bytes.length, b.bytes.length) || order(a.subtype, b.subtype) || Buffer.compare(a.bytes, b.bytes)
  }
  if (a instanceof Timestamp && b instanceof Timestamp) {
    return order(a.seconds, b.seconds) || order(a.increment, b.increment)
  }
  if (a instanceof Regex && b instanceof Regex) {
    return compareStrings(a.pattern, b.pattern) || compareStrings(a.options, b.options)
  }
  if (a instanceof DbPointer && b instanceof DbPointer) return compareStrings(a.ns, b.ns) || order2(a.id.id, b.id.id)
  if (a instanceof Code && b instanceof Code) {
    return compareStrings(a.source, b.source) || compareDocs(a.scope ?? EMPTY, b.scope ?? EMPTY, strings)
  }
  return 0
}

const EMPTY = new Doc()

function order2(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}

function compareDocs(a: Doc, b: Doc, strings: StringOrder): number {
  const shared = Math.min(a.size, b.size)
  for (let i = 0; i < shared; i++) {
    const x = a.values[i] ?? null
    const y = b.values[i] ?? null
    const byType = order(canonicalRank(x), canonicalRank(y))
    if (byType !== 0) return byType
    const byName = compareStrings(a.keys[i] ?? '', b.keys[i] ?? '')
    if (byName !== 0) return byName
    const byValue = compareValues(x, y, strings)
    if (byValue !== 0) return byValue
  }
  return order(a.size, b.size)
}

function compareArrays(a: Value[], b: Value[], strings: StringOrder): number {
  const shared = Math.min(a.length, b.length)
  for (let i = 0; i < shared; i++) {
    const byValue = compareValues(a[i] ?? null, b[i] ?? null, strings)
    if (byValue !== 0) return byValue
  }
  return order(a.length, b.length)
}
