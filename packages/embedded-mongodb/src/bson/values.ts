/**
 * BSON values in memory. Fidelity decides the shapes: a type must survive reading and writing back.
 *
 * - `number` holds an Int32 when it is integral and within 32 bits, and a double otherwise.
 * - `Double` is needed only for a double that happens to hold a small integer.
 * - `bigint` is an Int64. `undefined` means that a field is missing.
 */
export type Value =
  | number
  | bigint
  | string
  | boolean
  | null
  | Doc
  | Value[]
  | Double
  | Decimal
  | ObjectId
  | DateTime
  | Binary
  | Regex
  | Timestamp
  | Code
  | SymbolValue
  | DbPointer
  | Undefined
  | MinKey
  | MaxKey
  | RawDocument

export class Double {
  readonly tag = 'double'
  readonly value: number
  constructor(value: number) {
    this.value = value
  }
}

/** An IEEE 754-2008 decimal, kept as its sixteen little-endian bytes. */
export class Decimal {
  readonly tag = 'decimal'
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** Twelve bytes as a latin1 string, so that string comparison is byte comparison. */
export class ObjectId {
  readonly tag = 'objectId'
  readonly id: string
  constructor(id: string) {
    this.id = id
  }
  hex(): string {
    return Buffer.from(this.id, 'latin1').toString('hex')
  }
}

export class DateTime {
  readonly tag = 'date'
  readonly ms: number
  constructor(ms: number) {
    this.ms = ms
  }
}

export class Binary {
  readonly tag = 'binData'
  readonly bytes: Buffer
  readonly subtype: number
  constructor(bytes: Buffer, subtype: number) {
    this.bytes = bytes
    this.subtype = subtype
  }
}

export class Regex {
  readonly tag = 'regex'
  readonly pattern: string
  readonly options: string
  constructor(pattern: string, options: string) {
    this.pattern = pattern
    this.options = options
  }
}

export class Timestamp {
  readonly tag = 'timestamp'
  readonly seconds: number
  readonly increment: number
  constructor(seconds: number, increment: number) {
    this.seconds = seconds
    this.increment = increment
  }
}

export class Code {
  readonly tag = 'code'
  readonly source: string
  readonly scope: Doc | undefined
  constructor(source: string, scope: Doc | undefined) {
    this.source = source
    this.scope = scope
  }
}

export class SymbolValue {
  readonly tag = 'symbol'
  readonly value: string
  constructor(value: string) {
    this.value = value
  }
}

export class DbPointer {
  readonly tag = 'dbPointer'
  readonly ns: string
  readonly id: ObjectId
  constructor(ns: string, id: ObjectId) {
    this.ns = ns
    this.id = id
  }
}

export class Undefined {
  readonly tag = 'undefined'
}
export class MinKey {
  readonly tag = 'minKey'
}
export class MaxKey {
  readonly tag = 'maxKey'
}
export const UNDEFINED = new Undefined()
export const MIN_KEY = new MinKey()
export const MAX_KEY = new MaxKey()

/** An already encoded document; it exists only in replies, so that stored bytes are copied without being decoded. */
export class RawDocument {
  readonly tag = 'raw'
  readonly bytes: Buffer
  constructor(bytes: Buffer) {
    this.bytes = bytes
  }
}

/** An ordered document. A plain object would reorder integer-like keys and trip over `__proto__`. */
export class Doc {
  readonly tag = 'object'
  keys: string[]
  values: Value[]
  constructor(keys: string[] = [], values: Value[] = []) {
    this.keys = keys
    this.values = values
  }

  static from(fields: Record<string, Value | undefined>): Doc {
    const doc = new Doc()
    for (const [key, value] of Object.entries(fields)) if (value !== undefined) doc.push(key, value)
    return doc
  }

  static of(key: string, value: Value): Doc {
    return new Doc([key], [value])
  }

  get size(): number {
    return this.keys.length
  }

  get(key: string): Value | undefined {
    const { keys } = this
    for (let i = 0; i < keys.length; i++) if (keys[i] === key) return this.values[i]
    return undefined
  }

  has(key: string): boolean {
    return this.keys.includes(key)
  }

  set(key: string, value: Value): void {
    const at = this.keys.indexOf(key)
    if (at < 0) this.push(key, value)
    else this.values[at] = value
  }

  push(key: string, value: Value): void {
    this.keys.push(key)
    this.values.push(value)
  }

  delete(key: string): boolean {
    const at = this.keys.indexOf(key)
    if (at < 0) return false
    this.keys.splice(at, 1)
    this.values.splice(at, 1)
    return true
  }

  *entries(): IterableIterator<[string, Value]> {
    for (let i = 0; i < this.keys.length; i++) {
      const key = this.keys[i]
      const value = this.values[i]
      if (key !== undefined && value !== undefined) yield [key, value]
    }
  }

  /** A copy whose top level may be changed; nested values are shared. */
  copy(): Doc {
    return new Doc(this.keys.slice(), this.values.slice())
  }
}

/** A copy that shares nothing mutable with the original. */
export function deepCopy(value: Value): Value {
  if (value instanceof Doc) return new Doc(value.keys.slice(), value.values.map(deepCopy))
  if (Array.isArray(value)) return value.map(deepCopy)
  return value
}

/** Whether two values are the same to the bit, as far as that is told quickly; a `false` decides nothing. */
export function isIdentical(a: Value, b: Value): boolean {
  if (Object.is(a, b)) return true
  if (!(a instanceof Doc) || !(b instanceof Doc) || a.size !== b.size) return false
  for (let i = 0; i < a.keys.length; i++) {
    if (a.keys[i] !== b.keys[i] || !isIdentical(a.values[i] ?? null, b.values[i] ?? null)) return false
  }
  return true
}

export function isInt32(value: number): boolean {
  return (value | 0) === value && !Object.is(value, -0)
}

/** A double, boxed only where a plain number would be taken for an Int32. */
export function makeDouble(value: number): Value {
  return isInt32(value) ? new Double(value) : value
}

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
export function fitsInt64(value: bigint): boolean {
  return value >= INT64_MIN && value <= INT64_MAX
}
