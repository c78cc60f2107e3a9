import { Decimal128 } from 'bson'
import { CommandError } from '../errors.ts'
import { Decimal } from './values.ts'

/** A finite decimal is `sign * coefficient * 10^exponent`; the special values carry no number. */
export type DecimalParts = { kind: 'finite'; coefficient: bigint; exponent: number } | { kind: 'nan' | 'inf' | '-inf' }

const MAX_DIGITS = 34
const MIN_EXPONENT = -6176
const MAX_EXPONENT = 6111

/** IEEE 754-2008 decimal128, binary integer significand. */
export function decimalParts(decimal: Decimal): DecimalParts {
  const high = decimal.bytes.readBigUInt64LE(8)
  const low = decimal.bytes.readBigUInt64LE(0)
  const negative = high >> 63n === 1n
  const combination = Number((high >> 58n) & 0x1fn)
  if (combination === 0x1f) return { kind: 'nan' }
  if (combination === 0x1e) return { kind: negative ? '-inf' : 'inf' }
  // The second form of the combination field only encodes significands over the limit, which count as zero.
  if (combination >> 3 === 3) return { kind: 'finite', coefficient: 0n, exponent: 0 }
  const exponent = Number((high >> 49n) & 0x3fffn) + MIN_EXPONENT
  const coefficient = ((high & 0x1ffffffffffffn) << 64n) | low
  return { kind: 'finite', coefficient: negative ? -coefficient : coefficient, exponent }
}

export function parseDecimal(text: string): Decimal {
  try {
    return new Decimal(Buffer.from(Decimal128.fromStringWithRounding(text).bytes))
  } catch (error) {
    throw new CommandError('FailedToParse', `Failed to parse number '${text}' as a Decimal128: ${String(error)}`)
  }
}

export function decimalToString(decimal: Decimal): string {
  return new Decimal128(decimal.bytes).toString()
}

export function decimalToNumber(decimal: Decimal): number {
  const parts = decimalParts(decimal)
  switch (parts.kind) {
    case 'nan':
      return Number.NaN
    case 'inf':
      return Number.POSITIVE_INFINITY
    case '-inf':
      return Number.NEGATIVE_INFINITY
    case 'finite':
      return Number(`${parts.coefficient}e${parts.exponent}`)
  }
}

/** Rounds half to even at 34 digits. */
export function makeDecimal(coefficient: bigint, exponent: number): Decimal {
  let digits = (coefficient < 0n ? -coefficient : coefficient).toString().length
  let rounded = coefficient
  let shifted = exponent
  if (digits > MAX_DIGITS || shifted < MIN_EXPONENT) {
    const drop = Math.max(digits - MAX_DIGITS, MIN_EXPONENT - shifted)
    rounded = divideHalfEven(coefficient, 10n ** BigInt(drop))
    shifted += drop
    digits = rounded.toString().replace('-', '').length
  }
  while (shifted > MAX_EXPONENT && digits < MAX_DIGITS && rounded !== 0n) {
    rounded *= 10n
    shifted -= 1
    digits += 1
  }
  if (rounded === 0n) shifted = Math.max(MIN_EXPONENT, Math.min(MAX_EXPONENT, shifted))
  return parseDecimal(`${rounded}E${shifted}`)
}

export function divideHalfEven(dividend: bigint, divisor: bigint): bigint {
  const quotient = dividend / divisor
  const rest = dividend % divisor
  const twice = (rest < 0n ? -rest : rest) * 2n
  const size = divisor < 0n ? -divisor : divisor
  if (twice < size || (twice === size && quotient % 2n === 0n)) return quotient
  return quotient + (dividend < 0n === divisor < 0n ? 1n : -1n)
}

export const DECIMAL_NAN = parseDecimal('NaN')
