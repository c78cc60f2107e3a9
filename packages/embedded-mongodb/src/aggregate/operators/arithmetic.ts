import { calculate, divide, Int64Overflow, remainder, toBigInt, toDecimal } from '../../bson/arithmetic.ts'
import { decimalParts, divideHalfEven, makeDecimal, parseDecimal } from '../../bson/decimal.ts'
import { isNumeric, type Numeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Decimal, fitsInt64, isInt32, makeDouble, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { binary, isNullish, type Operator, operandsOf, typeOrMissing, unary, variadic } from '../scope.ts'

/** Integers that overflow 64 bits go on as doubles. */
export function compute(operator: 'add' | 'subtract' | 'multiply', a: Numeric, b: Numeric): Numeric {
  try {
    const result = calculate(operator, a, b)
    return isNumeric(result) ? result : Number.NaN
  } catch (error) {
    if (!(error instanceof Int64Overflow)) throw error
    const x = toNumber(a)
    const y = toNumber(b)
    const result = makeDouble(operator === 'add' ? x + y : operator === 'subtract' ? x - y : x * y)
    return isNumeric(result) ? result : Number.NaN
  }
}

function needNumber(name: string, value: Value | undefined, code: number | 'TypeMismatch' = 28765): Numeric {
  if (isNumeric(value)) return value
  throw new CommandError(code, `${name} only supports numeric types, not ${typeOrMissing(value)}`)
}

const add = variadic('$add', (values) => {
  let sum: Numeric = 0
  let date: DateTime | undefined
  for (const value of values) {
    if (isNullish(value)) return null
    if (value instanceof DateTime) {
      if (date !== undefined) throw new CommandError(16612, 'only one date allowed in an $add expression')
      date = value
    } else if (isNumeric(value)) sum = compute('add', sum, value)
    else {
      throw new CommandError('TypeMismatch', `$add only supports numeric or date types, not ${typeOrMissing(value)}`)
    }
  }
  return date === undefined ? sum : new DateTime(date.ms + Math.round(toNumber(sum)))
})

const subtract = binary('$subtract', (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (a instanceof DateTime) {
    if (b instanceof DateTime) return BigInt(a.ms - b.ms)
    if (isNumeric(b)) return new DateTime(a.ms - Math.round(toNumber(b)))
  } else if (isNumeric(a) && isNumeric(b)) return compute('subtract', a, b)
  throw new CommandError('TypeMismatch', `can't $subtract ${typeOrMissing(b)} from ${typeOrMissing(a)}`)
})

const multiply = variadic('$multiply', (values) => {
  let product: Numeric = 1
  for (const value of values) {
    if (isNullish(value)) return null
    product = compute('multiply', product, needNumber('$multiply', value, 'TypeMismatch'))
  }
  return product
})

const division = binary('$divide', (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) {
    throw new CommandError(
      'TypeMismatch',
      `$divide only supports numeric types, not ${typeOrMissing(a)} and ${typeOrMissing(b)}`,
    )
  }
  if (toNumber(b) === 0) throw new CommandError('BadValue', "can't $divide by zero")
  return divide(a, b)
})

const modulo = binary('$mod', (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  if (!isNumeric(a) || !isNumeric(b)) {
    throw new CommandError(16611, `$mod only supports numeric types, not ${typeOrMissing(a)} and ${typeOrMissing(b)}`)
  }
  if (toNumber(b) === 0) throw new CommandError(16610, "can't $mod by zero")
  return remainder(a, b)
})

function numeric(name: string, apply: (value: Numeric) => Value): [string, Operator] {
  return unary(name, (value) => (isNullish(value) ? null : apply(needNumber(name, value))))
}

const absolute = numeric('$abs', (value) => {
  if (typeof value === 'bigint') {
    const size = value < 0n ? -value : value
    if (!fitsInt64(size)) throw new CommandError(28680, "can't take $abs of long long min")
    return size
  }
  if (value instanceof Decimal) return toNumber(value) < 0 ? compute('multiply', value, -1) : value
  const size = Math.abs(toNumber(value))
  return typeof value === 'number' && isInt32(value) ? (isInt32(size) ? size : BigInt(size)) : makeDouble(size)
})

type Rounding = 'ceil' | 'floor' | 'trunc' | 'round'

function roundAt(value: Numeric, places: number, mode: Rounding): Value {
  if (value instanceof Decimal) return roundDecimal(value, places, mode)
  if (typeof value === 'bigint' || (typeof value === 'number' && isInt32(value))) {
    if (places >= 0) return value
    const rounded = roundBig(BigInt(value), 10n ** BigInt(-places), mode)
    return typeof value === 'number' && isInt32(Number(rounded)) ? Number(rounded) : rounded
  }
  const number = toNumber(value)
  if (!Number.isFinite(number)) return value
  const parts = decimalParts(parseDecimal(String(number)))
  if (parts.kind !== 'finite' || parts.exponent >= -places) return value
  return makeDouble(toNumber(roundDecimal(parseDecimal(String(number)), places, mode)))
}

function roundBig(value: bigint, unit: bigint, mode: Rounding): bigint {
  if (mode === 'round') return divideHalfEven(value, unit) * unit
  const truncated = (value / unit) * unit
  if (mode === 'floor' && truncated > value) return truncated - unit
  if (mode === 'ceil' && truncated < value) return truncated + unit
  return truncated
}

function roundDecimal(value: Decimal, places: number, mode: Rounding): Decimal {
  const parts = decimalParts(value)
  if (parts.kind !== 'finite' || parts.exponent >= -places) return value
  const unit = 10n ** BigInt(-places - parts.exponent)
  return makeDecimal(roundBig(parts.coefficient, unit, mode) / unit, -places)
}

function rounding(name: '$round' | '$trunc'): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const [value, places] = operandsOf(name, operand, compile, 1, 2)
      return (scope) => {
        const number = value?.(scope)
        if (isNullish(number)) return null
        const digits = places?.(scope)
        if (places !== undefined && isNullish(digits)) return null
        const at = digits === undefined ? 0 : toNumber(needNumber(name, digits))
        if (!Number.isInteger(at) || at < -20 || at > 100) {
          throw new CommandError(51083, `cannot apply ${name} with precision value ${at} value must be in [-20, 100]`)
        }
        return roundAt(needNumber(name, number, 51081), at, name === '$round' ? 'round' : 'trunc')
      }
    },
  ]
}

/** A function of real numbers. Decimals go through doubles, with a double's precision. */
function real(
  name: string,
  apply: (x: number) => number,
  check?: (x: number) => string | undefined,
  code = 28714,
): [string, Operator] {
  return numeric(name, (value) => {
    const number = toNumber(value)
    const fault = check?.(number)
    if (fault !== undefined) throw new CommandError(code, fault)
    const result = makeDouble(apply(number))
    return value instanceof Decimal && isNumeric(result) ? toDecimal(result) : result
  })
}

const FINITE: [number, number] = [-Number.MAX_VALUE, Number.MAX_VALUE]

/** A function of real numbers that is defined between two of them. */
function bounded(name: string, apply: (x: number) => number, low: number, high: number): [string, Operator] {
  const range =
    high === Number.MAX_VALUE ? '(-inf,inf)' : `[${low},${high === Number.POSITIVE_INFINITY ? 'inf' : high}]`
  const check = (x: number): string | undefined =>
    (x >= low && x <= high) || Number.isNaN(x) ? undefined : `cannot apply ${name} to ${x}, value must be in ${range}`
  return real(name, apply, check, 50989)
}

const power = binary('$pow', (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  const base = needNumber('$pow', a, 28762)
  const exponent = needNumber('$pow', b, 28763)
  if (toNumber(base) === 0 && toNumber(exponent) < 0) {
    throw new CommandError(28764, '$pow cannot take a base of 0 and a negative exponent')
  }
  const isWhole = (value: Numeric): boolean =>
    typeof value === 'bigint' || (typeof value === 'number' && isInt32(value))
  const result = toNumber(base) ** toNumber(exponent)
  if (!isWhole(base) || !isWhole(exponent) || toNumber(exponent) < 0 || Math.abs(result) >= 2 ** 63) {
    const double = makeDouble(result)
    return (base instanceof Decimal || exponent instanceof Decimal) && isNumeric(double) ? toDecimal(double) : double
  }
  const exact = toBigInt(base) ** toBigInt(exponent)
  return isInt32(Number(exact)) && typeof base === 'number' && typeof exponent === 'number' ? Number(exact) : exact
})

const logarithm = binary('$log', (a, b) => {
  if (isNullish(a) || isNullish(b)) return null
  const value = toNumber(needNumber('$log', a, 28756))
  const base = toNumber(needNumber('$log', b, 28757))
  if (!(value > 0)) throw new CommandError(28758, `$log's argument must be a positive number, but is ${value}`)
  if (!(base > 0) || base === 1)
    throw new CommandError(28759, `$log's base must be a positive number not equal to 1, but is ${base}`)
  return makeDouble(Math.log(value) / Math.log(base))
})

function positive(name: string): (x: number) => string | undefined {
  return (x) => (x > 0 || Number.isNaN(x) ? undefined : `${name}'s argument must be a positive number, but is ${x}`)
}

function bitwise(name: string, start: bigint, apply: (a: bigint, b: bigint) => bigint): [string, Operator] {
  return variadic(name, (values) => {
    let result = start
    let isLong = false
    for (const value of values) {
      if (isNullish(value)) return null
      if (typeof value === 'bigint') isLong = true
      else if (!(typeof value === 'number' && isInt32(value))) {
        throw new CommandError('TypeMismatch', `${name} only supports int and long operands.`)
      }
      result = apply(result, BigInt(value))
    }
    return isLong ? BigInt.asIntN(64, result) : Number(BigInt.asIntN(32, result))
  })
}

export const ARITHMETIC: [string, Operator][] = [
  add,
  subtract,
  multiply,
  division,
  modulo,
  absolute,
  power,
  logarithm,
  rounding('$round'),
  rounding('$trunc'),
  numeric('$ceil', (value) => roundAt(value, 0, 'ceil')),
  numeric('$floor', (value) => roundAt(value, 0, 'floor')),
  real('$sqrt', Math.sqrt, (x) => (x < 0 ? "$sqrt's argument must be greater than or equal to 0" : undefined)),
  real('$exp', Math.exp),
  real('$ln', Math.log, positive('$ln'), 28766),
  real('$log10', Math.log10, positive('$log10'), 28761),
  bounded('$sin', Math.sin, ...FINITE),
  bounded('$cos', Math.cos, ...FINITE),
  bounded('$tan', Math.tan, ...FINITE),
  bounded('$asin', Math.asin, -1, 1),
  bounded('$acos', Math.acos, -1, 1),
  real('$atan', Math.atan),
  real('$sinh', Math.sinh),
  real('$cosh', Math.cosh),
  real('$tanh', Math.tanh),
  real('$asinh', Math.asinh),
  bounded('$acosh', Math.acosh, 1, Number.POSITIVE_INFINITY),
  bounded('$atanh', Math.atanh, -1, 1),
  real('$degreesToRadians', (x) => (x * Math.PI) / 180),
  real('$radiansToDegrees', (x) => (x * 180) / Math.PI),
  binary('$atan2', (a, b) =>
    isNullish(a) || isNullish(b)
      ? null
      : makeDouble(Math.atan2(toNumber(needNumber('$atan2', a)), toNumber(needNumber('$atan2', b)))),
  ),
  bitwise('$bitAnd', -1n, (a, b) => a & b),
  bitwise('$bitOr', 0n, (a, b) => a | b),
  bitwise('$bitXor', 0n, (a, b) => a ^ b),
  unary('$bitNot', (value) => {
    if (isNullish(value)) return null
    if (typeof value === 'bigint') return ~value
    if (typeof value === 'number' && isInt32(value)) return ~value
    throw new CommandError('TypeMismatch', `$bitNot only supports int and long, not: ${typeOrMissing(value)}.`)
  }),
  ['$rand', () => () => makeDouble(Math.random())],
]
