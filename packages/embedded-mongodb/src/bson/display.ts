import { decimalToString } from './decimal.ts'
import { type Doc, isInt32, type Value } from './values.ts'

/** Renders a value as the server does in its error messages. */
export function display(value: Value | undefined): string {
  if (value === undefined) return 'null'
  if (value === null) return 'null'
  if (typeof value === 'string') return JSON.stringify(value)
  if (typeof value === 'number') return isInt32(value) ? String(value) : displayDouble(value)
  if (typeof value === 'boolean' || typeof value === 'bigint') return String(value)
  if (Array.isArray(value)) return value.length === 0 ? '[]' : `[ ${value.map(display).join(', ')} ]`
  return displayObject(value)
}

function displayDouble(value: number): string {
  if (Number.isNaN(value)) return 'nan.0'
  if (!Number.isFinite(value)) return value > 0 ? 'inf.0' : '-inf.0'
  return Number.isInteger(value) ? `${value}.0` : String(value)
}

function displayObject(value: Exclude<Value, number | bigint | string | boolean | null | Value[]>): string {
  switch (value.tag) {
    case 'object':
      return displayDoc(value)
    case 'double':
      return displayDouble(value.value)
    case 'decimal':
      return `NumberDecimal("${decimalToString(value)}")`
    case 'objectId':
      return `ObjectId('${value.hex()}')`
    case 'date':
      return `new Date(${value.ms})`
    case 'binData':
      return value.subtype === 4 && value.bytes.length === 16
        ? `UUID("${uuidText(value.bytes)}")`
        : `BinData(${value.subtype}, ${value.bytes.toString('hex').toUpperCase()})`
    case 'regex':
      return `/${value.pattern}/${value.options}`
    case 'timestamp':
      return `Timestamp(${value.seconds}, ${value.increment})`
    case 'code':
      return value.source
    case 'symbol':
      return JSON.stringify(value.value)
    case 'dbPointer':
      return `DBRef('${value.ns}',${value.id.hex()})`
    case 'undefined':
      return 'undefined'
    case 'minKey':
      return 'MinKey'
    case 'maxKey':
      return 'MaxKey'
    case 'raw':
      return `<${value.bytes.length} bytes>`
  }
}

export function displayDoc(doc: Doc): string {
  if (doc.size === 0) return '{}'
  return `{ ${[...doc.entries()].map(([key, value]) => `${key}: ${display(value)}`).join(', ')} }`
}

export function uuidText(bytes: Buffer): string {
  const hex = bytes.toString('hex')
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-')
}
