import { decimalParts, decimalToNumber } from './decimal.ts'
import { Decimal, Double, type Value } from './values.ts'

export type Numeric = number | bigint | Double | Decimal

export function isNumeric(value: Value | undefined): value is Numeric {
  return typeof value === 'number' || typeof value === 'bigint' || value instanceof Double || value instanceof Decimal
}

export function toNumber(value: Numeric): number {
  if (typeof value === 'number') return value
  if (typeof value === 'bigint') return Number(value)
  return value instanceof Double ? value.value : decimalToNumber(value)
}

/** An exact rational `numerator / denominator`, or an infinity, or NaN. */
interface Exact {
  numerator: bigint
  denominator: bigint
}

const doubleBits = new DataView(new ArrayBuffer(8))

function exactDouble(value: number): Exact {
  if (Number.isInteger(value)) return { numerator: BigInt(value), denominator: 1n }
  doubleBits.setFloat64(0, value)
  const bits = doubleBits.getBigUint64(0)
  const biased = Number((bits >> 52n) & 0x7ffn)
  const fraction = bits & 0xfffffffffffffn
  const mantissa = biased === 0 ? fraction : fraction | (1n << 52n)
  const exponent = Math.max(biased, 1) - 1075
  const signed = value < 0 ? -mantissa : mantissa
  return exponent >= 0
    ? { numerator: signed << BigInt(exponent), denominator: 1n }
    : { numerator: signed, denominator: 1n << BigInt(-exponent) }
}

/** The exact value of a finite number. */
export function exactValue(value: Numeric): Exact {
  if (typeof value === 'bigint') return { numerator: value, denominator: 1n }
  if (!(value instanceof Decimal)) return exactDouble(typeof value === 'number' ? value : value.value)
  const parts = decimalParts(value)
  if (parts.kind !== 'finite') return { numerator: 0n, denominator: 1n }
  return parts.exponent >= 0
    ? { numerator: parts.coefficient * 10n ** BigInt(parts.exponent), denominator: 1n }
    : { numerator: parts.coefficient, denominator: 10n ** BigInt(-parts.exponent) }
}

/** Numbers compare by value whatever their types; NaN is equal to itself and less than every other number. */
export function compareNumbers(a: Numeric, b: Numeric): number {
  if (typeof a === 'number' && typeof b === 'number' && a - b === a - b) return a < b ? -1 : a > b ? 1 : 0
  if (typeof a === 'bigint' && typeof b === 'bigint') return a < b ? -1 : a > b ? 1 : 0
  const x = toNumber(a)
  const y = toNumber(b)
  if (Number.isNaN(x)) return Number.isNaN(y) ? 0 : -1
  if (Number.isNaN(y)) return 1
  if (x !== y && !(a instanceof Decimal && b instanceof Decimal)) return x < y ? -1 : 1
  if (!Number.isFinite(x) && !Number.isFinite(y) && !(a instanceof Decimal || b instanceof Decimal)) return 0
  if (isExactDouble(a) && isExactDouble(b)) return 0
  return compareExactly(a, b)
}

function isExactDouble(value: Numeric): boolean {
  return typeof value === 'number' || value instanceof Double
}

function infinity(value: Numeric): number {
  if (value instanceof Decimal) {
    const { kind } = decimalParts(value)
    return kind === 'inf' ? 1 : kind === '-inf' ? -1 : 0
  }
  const number = toNumber(value)
  return number === Number.POSITIVE_INFINITY ? 1 : number === Number.NEGATIVE_INFINITY ? -1 : 0
}

function compareExactly(a: Numeric, b: Numeric): number {
  const left = infinity(a)
  const right = infinity(b)
  if (left !== 0 || right !== 0) return Math.sign(left - right)
  const x = exactValue(a)
  const y = exactValue(b)
  const difference = x.numerator * y.denominator - y.numerator * x.denominator
  return difference < 0n ? -1 : difference > 0n ? 1 : 0
}
