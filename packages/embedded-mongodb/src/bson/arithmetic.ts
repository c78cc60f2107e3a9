import { DECIMAL_NAN, decimalParts, decimalToNumber, divideHalfEven, makeDecimal, parseDecimal } from './decimal.ts'
import { type Numeric, toNumber } from './numbers.ts'
import { Decimal, Double, fitsInt64, isInt32, makeDouble, type Value } from './values.ts'

export type ArithmeticOperator = 'add' | 'subtract' | 'multiply'

type Kind = 'int' | 'long' | 'double' | 'decimal'

function kindOf(value: Numeric): Kind {
  if (typeof value === 'bigint') return 'long'
  if (value instanceof Decimal) return 'decimal'
  return typeof value === 'number' && isInt32(value) ? 'int' : 'double'
}

/** Signals that an Int64 result does not fit; `$inc` refuses it, expressions turn to doubles. */
export class Int64Overflow extends Error {
  override readonly name = 'Int64Overflow'
}

/** The wider of both types decides: Int32, Int64, double, Decimal128. An Int32 overflow widens to Int64. */
export function calculate(operator: ArithmeticOperator, a: Numeric, b: Numeric): Value {
  const x = kindOf(a)
  const y = kindOf(b)
  if (x === 'decimal' || y === 'decimal') return calculateDecimal(operator, toDecimal(a), toDecimal(b))
  if (x === 'double' || y === 'double') return makeDouble(apply(operator, toNumber(a), toNumber(b)))
  if (x === 'int' && y === 'int') {
    const result = apply(operator, toNumber(a), toNumber(b))
    if (isInt32(result) || result === 0) return result + 0
  }
  const wide = applyBig(operator, toBigInt(a), toBigInt(b))
  if (!fitsInt64(wide)) throw new Int64Overflow('long overflow')
  return wide
}

function apply(operator: ArithmeticOperator, a: number, b: number): number {
  return operator === 'add' ? a + b : operator === 'subtract' ? a - b : a * b
}

function applyBig(operator: ArithmeticOperator, a: bigint, b: bigint): bigint {
  return operator === 'add' ? a + b : operator === 'subtract' ? a - b : a * b
}

export function toBigInt(value: Numeric): bigint {
  return typeof value === 'bigint' ? value : BigInt(Math.trunc(toNumber(value)))
}

/** Doubles convert by their shortest decimal text, at 15 digits as the server does. */
export function toDecimal(value: Numeric): Decimal {
  if (value instanceof Decimal) return value
  if (typeof value === 'bigint') return makeDecimal(value, 0)
  const number = value instanceof Double ? value.value : value
  if (isInt32(number)) return makeDecimal(BigInt(number), 0)
  if (Number.isNaN(number)) return DECIMAL_NAN
  if (!Number.isFinite(number)) return parseDecimal(number > 0 ? 'Infinity' : '-Infinity')
  return parseDecimal(number.toPrecision(15))
}

function calculateDecimal(operator: ArithmeticOperator, a: Decimal, b: Decimal): Decimal {
  const x = decimalParts(a)
  const y = decimalParts(b)
  if (x.kind !== 'finite' || y.kind !== 'finite') {
    return toDecimal(notSmall(apply(operator, decimalToNumber(a), decimalToNumber(b))))
  }
  if (operator === 'multiply') return makeDecimal(x.coefficient * y.coefficient, x.exponent + y.exponent)
  const exponent = Math.min(x.exponent, y.exponent)
  const left = x.coefficient * 10n ** BigInt(x.exponent - exponent)
  const right = y.coefficient * 10n ** BigInt(y.exponent - exponent)
  return makeDecimal(operator === 'add' ? left + right : left - right, exponent)
}

function notSmall(value: number): Numeric {
  return isInt32(value) ? new Double(value) : value
}

const DIVISION_DIGITS = 40

/** Division always leaves the integers; by zero is the caller's business. */
export function divide(a: Numeric, b: Numeric): Value {
  if (!(a instanceof Decimal) && !(b instanceof Decimal)) return makeDouble(toNumber(a) / toNumber(b))
  const x = decimalParts(toDecimal(a))
  const y = decimalParts(toDecimal(b))
  if (x.kind !== 'finite' || y.kind !== 'finite' || y.coefficient === 0n) {
    return toDecimal(notSmall(toNumber(a) / toNumber(b)))
  }
  const scaled = x.coefficient * 10n ** BigInt(DIVISION_DIGITS + y.coefficient.toString().length)
  const quotient = divideHalfEven(scaled, y.coefficient)
  return trimmed(quotient, x.exponent - y.exponent - DIVISION_DIGITS - y.coefficient.toString().length)
}

function trimmed(coefficient: bigint, exponent: number): Decimal {
  let digits = coefficient
  let shifted = exponent
  while (digits !== 0n && digits % 10n === 0n && shifted < 0) {
    digits /= 10n
    shifted += 1
  }
  return makeDecimal(digits, shifted)
}

/** The remainder has the sign of the dividend. */
export function remainder(a: Numeric, b: Numeric): Value {
  const x = kindOf(a)
  const y = kindOf(b)
  if (x === 'decimal' || y === 'decimal') {
    const left = decimalParts(toDecimal(a))
    const right = decimalParts(toDecimal(b))
    if (left.kind !== 'finite' || right.kind !== 'finite' || right.coefficient === 0n) return DECIMAL_NAN
    const exponent = Math.min(left.exponent, right.exponent)
    const dividend = left.coefficient * 10n ** BigInt(left.exponent - exponent)
    return makeDecimal(dividend % (right.coefficient * 10n ** BigInt(right.exponent - exponent)), exponent)
  }
  if (x === 'double' || y === 'double') return makeDouble(toNumber(a) % toNumber(b))
  const rest = toBigInt(a) % toBigInt(b)
  return x === 'long' || y === 'long' ? rest : Number(rest)
}
