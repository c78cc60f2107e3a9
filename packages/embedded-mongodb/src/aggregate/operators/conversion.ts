import { toDecimal } from '../../bson/arithmetic.ts'
import { decimalToString, parseDecimal } from '../../bson/decimal.ts'
import { uuidText } from '../../bson/display.ts'
import { isNumeric, type Numeric, toNumber } from '../../bson/numbers.ts'
import { TYPE_NUMBERS, typeName } from '../../bson/type-names.ts'
import {
  Binary,
  DateTime,
  Decimal,
  Doc,
  Double,
  fitsInt64,
  isInt32,
  makeDouble,
  ObjectId,
  Timestamp,
  type Value,
} from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { isoDate } from '../dates/format-date.ts'
import { parseDate } from '../dates/parse-date.ts'
import { isNullish, named, type Operator, typeOrMissing, unary } from '../scope.ts'

type Target = 'double' | 'string' | 'objectId' | 'bool' | 'date' | 'int' | 'long' | 'decimal' | 'binData'

/** How `$convert` writes binary data as text, and of which subtype it makes it. */
interface BinaryForm {
  format: string | undefined
  subtype: number
}

const PLAIN: BinaryForm = { format: undefined, subtype: 0 }

function failure(value: Value, target: string, why = ''): CommandError {
  return new CommandError(
    'ConversionFailure',
    `Unsupported conversion from ${typeName(value)} to ${target} in $convert with no onError value${why}`,
  )
}

function unparsable(text: string, why: string): CommandError {
  return new CommandError(
    'ConversionFailure',
    `Failed to parse number '${text}' in $convert with no onError value: ${why}`,
  )
}

export function stringify(value: Numeric): string {
  if (value instanceof Decimal) return decimalToString(value)
  if (typeof value === 'bigint') return String(value)
  const number = value instanceof Double ? value.value : value
  if (Number.isNaN(number)) return 'NaN'
  // An exponent has two digits at least.
  const text = String(number).replace(/e([+-])(\d)$/, 'e$10$2')
  return Number.isFinite(number) ? text : number > 0 ? 'Infinity' : '-Infinity'
}

function toText(value: Value): string {
  if (typeof value === 'string') return value
  if (typeof value === 'boolean') return String(value)
  if (isNumeric(value)) return stringify(value)
  if (value instanceof ObjectId) return value.hex()
  if (value instanceof DateTime) return isoDate(value.ms)
  if (value instanceof Binary) return value.subtype === 4 ? uuidText(value.bytes) : value.bytes.toString('base64')
  throw failure(value, 'string')
}

function toInteger(value: Value, target: 'int' | 'long'): Value {
  const whole = wholeNumber(value, target)
  const fits = target === 'int' ? isInt32(Number(whole)) || whole === 0n : fitsInt64(whole)
  if (!fits) {
    throw new CommandError(
      'ConversionFailure',
      `Conversion would overflow target type in $convert with no onError value: ${whole}`,
    )
  }
  return target === 'int' ? Number(whole) : whole
}

function wholeNumber(value: Value, target: string): bigint {
  if (typeof value === 'boolean') return value ? 1n : 0n
  if (typeof value === 'bigint') return value
  if (value instanceof DateTime && target === 'long') return BigInt(value.ms)
  if (typeof value === 'string') {
    if (/^[+-]?\d+$/.test(value)) return BigInt(value.replace(/^\+/, ''))
    throw unparsable(value, value === '' ? 'Empty string' : 'Did not consume whole string.')
  }
  if (!isNumeric(value)) throw failure(value, target)
  if (value instanceof Decimal && Number.isFinite(toNumber(value))) return BigInt(decimalInteger(value))
  const number = toNumber(value)
  if (!Number.isFinite(number)) {
    throw new CommandError(
      'ConversionFailure',
      `Attempt to convert ${Number.isNaN(number) ? 'NaN' : 'infinity'} value to integer type in $convert with no onError value`,
    )
  }
  return BigInt(Math.trunc(number))
}

function decimalInteger(value: Decimal): string {
  const number = toNumber(value)
  return Number.isSafeInteger(Math.trunc(number)) ? String(Math.trunc(number)) : BigInt(Math.trunc(number)).toString()
}

function toDouble(value: Value): Value {
  if (typeof value === 'boolean') return new Double(value ? 1 : 0)
  if (value instanceof DateTime) return makeDouble(value.ms)
  if (typeof value === 'string') {
    const number = /^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity|NaN)$/.test(value)
      ? Number(value)
      : undefined
    if (number === undefined) throw unparsable(value, 'Did not consume whole string.')
    return makeDouble(number)
  }
  if (!isNumeric(value)) throw failure(value, 'double')
  return makeDouble(toNumber(value))
}

function toDate(value: Value): DateTime {
  if (value instanceof DateTime) return value
  if (value instanceof ObjectId) return new DateTime(Number.parseInt(value.hex().slice(0, 8), 16) * 1000)
  if (value instanceof Timestamp) return new DateTime(value.seconds * 1000)
  if (typeof value === 'string') return new DateTime(parseDate(value, undefined, undefined))
  if (isNumeric(value) && !(typeof value === 'number' && isInt32(value)))
    return new DateTime(Math.trunc(toNumber(value)))
  throw failure(value, 'date')
}

function toObjectId(value: Value): ObjectId {
  if (value instanceof ObjectId) return value
  if (typeof value !== 'string') throw failure(value, 'objectId')
  if (!/^[0-9a-fA-F]{24}$/.test(value)) {
    throw new CommandError(
      'ConversionFailure',
      `Failed to parse objectId '${value}' in $convert with no onError value: Invalid string length for parsing to OID, expected 24 but found ${value.length}`,
    )
  }
  return new ObjectId(Buffer.from(value, 'hex').toString('latin1'))
}

function toDecimalValue(value: Value): Decimal {
  if (typeof value === 'boolean') return toDecimal(value ? 1 : 0)
  if (value instanceof DateTime) return toDecimal(BigInt(value.ms))
  if (typeof value === 'string') {
    if (!/^[+-]?(?:\d+\.?\d*(?:[eE][+-]?\d+)?|\.\d+(?:[eE][+-]?\d+)?|Infinity|NaN)$/.test(value)) {
      throw unparsable(value, 'Did not consume whole string.')
    }
    return parseDecimal(value)
  }
  if (!isNumeric(value)) throw failure(value, 'decimal')
  return toDecimal(value)
}

function toBool(value: Value): boolean {
  if (typeof value === 'boolean') return value
  return isNumeric(value) ? toNumber(value) !== 0 : true
}

const ENCODINGS = { base64: 'base64', base64url: 'base64url', hex: 'hex', utf8: 'utf8' } as const

function isEncoding(format: string | undefined): format is keyof typeof ENCODINGS {
  return format !== undefined && Object.hasOwn(ENCODINGS, format)
}

function binaryText(value: Binary, format: string | undefined): string {
  if (format === 'uuid' || (format === 'auto' && value.subtype === 4)) return uuidText(value.bytes)
  if (format === 'auto') return value.bytes.toString('base64')
  if (isEncoding(format)) return value.bytes.toString(ENCODINGS[format])
  return value.subtype === 4 ? uuidText(value.bytes) : value.bytes.toString('base64')
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i

function toBinary(value: Value, { format, subtype }: BinaryForm): Binary {
  if (value instanceof Binary && value.subtype === subtype) return value
  if (typeof value !== 'string' || format === undefined) throw failure(value, 'binData')
  if (format === 'uuid' || (format === 'auto' && subtype === 4)) {
    if (UUID.test(value) && subtype === 4) return new Binary(Buffer.from(value.replaceAll('-', ''), 'hex'), 4)
  } else {
    const encoding = isEncoding(format) ? ENCODINGS[format] : 'base64'
    const bytes = Buffer.from(value, encoding)
    const again = bytes.toString(encoding)
    if (encoding === 'hex' ? again === value.toLowerCase() : again === value) return new Binary(bytes, subtype)
  }
  throw new CommandError(
    'ConversionFailure',
    `Input '${value}' is not a valid ${format} encoding in $convert with no onError value.`,
  )
}

export function convertTo(value: Value, target: Target, form: BinaryForm = PLAIN): Value {
  switch (target) {
    case 'double':
      return toDouble(value)
    case 'string':
      return value instanceof Binary ? binaryText(value, form.format) : toText(value)
    case 'binData':
      return toBinary(value, form)
    case 'objectId':
      return toObjectId(value)
    case 'bool':
      return toBool(value)
    case 'date':
      return toDate(value)
    case 'int':
    case 'long':
      return toInteger(value, target)
    case 'decimal':
      return toDecimalValue(value)
  }
}

const TARGETS: readonly Target[] = ['double', 'string', 'objectId', 'bool', 'date', 'int', 'long', 'decimal', 'binData']

function targetOf(to: Value | undefined): Target {
  const byNumber = isNumeric(to) ? Object.entries(TYPE_NUMBERS).find(([, code]) => code === toNumber(to))?.[0] : to
  const target = TARGETS.find((name) => name === byNumber)
  if (target !== undefined) return target
  if (typeof to === 'string') throw new CommandError('BadValue', `Unknown type name: ${to}`)
  throw new CommandError('FailedToParse', "$convert's 'to' argument must be a string or number")
}

const convert = named(
  '$convert',
  { required: ['input', 'to'], optional: ['onError', 'onNull', 'format'] },
  (argument) => {
    const input = argument('input')
    if (isNullish(input)) return argument('onNull') ?? null
    const to = argument('to')
    if (isNullish(to)) return null
    const target = targetOf(to instanceof Doc ? to.get('type') : to)
    const format = argument('format')
    const subtype = to instanceof Doc ? to.get('subtype') : undefined
    const form = {
      format: typeof format === 'string' ? format : undefined,
      subtype: isNumeric(subtype) ? toNumber(subtype) : 0,
    }
    try {
      return convertTo(input, target, form)
    } catch (error) {
      const otherwise = argument('onError')
      if (otherwise === undefined || !(error instanceof CommandError)) throw error
      return otherwise
    }
  },
)

function shorthand(name: string, target: Target): [string, Operator] {
  return unary(name, (value) => (isNullish(value) ? null : convertTo(value, target)))
}

export const CONVERSION: [string, Operator][] = [
  convert,
  shorthand('$toInt', 'int'),
  shorthand('$toLong', 'long'),
  shorthand('$toDouble', 'double'),
  shorthand('$toDecimal', 'decimal'),
  shorthand('$toString', 'string'),
  shorthand('$toBool', 'bool'),
  shorthand('$toDate', 'date'),
  shorthand('$toObjectId', 'objectId'),
  unary('$toUUID', (value) => (isNullish(value) ? null : convertTo(value, 'binData', { format: 'uuid', subtype: 4 }))),
  unary('$type', (value) => typeOrMissing(value)),
  unary('$isNumber', (value) => isNumeric(value)),
]
