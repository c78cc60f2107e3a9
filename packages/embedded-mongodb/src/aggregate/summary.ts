import { divide } from '../bson/arithmetic.ts'
import { compareValues } from '../bson/compare.ts'
import { isNumeric, type Numeric, toNumber } from '../bson/numbers.ts'
import { makeDouble, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { compute } from './operators/arithmetic.ts'
import { isNullish, namedOperands } from './scope.ts'

/** Everything that is not a number is left out. */
export function sum(values: readonly (Value | undefined)[]): Value {
  let total: Numeric = 0
  for (const value of values) if (isNumeric(value)) total = compute('add', total, value)
  return total
}

export function average(values: readonly (Value | undefined)[]): Value {
  const numbers = values.filter(isNumeric)
  const total = sum(numbers)
  return numbers.length === 0 || !isNumeric(total) ? null : divide(total, numbers.length)
}

/** Null and missing values are left out. */
export function extreme(values: readonly (Value | undefined)[], sign: 1 | -1): Value {
  let best: Value | undefined
  for (const value of values) {
    if (!isNullish(value) && (best === undefined || compareValues(value, best) * sign > 0)) best = value
  }
  return best ?? null
}

export function deviation(values: readonly (Value | undefined)[], lostDegrees: 0 | 1): Value {
  const numbers = values.filter(isNumeric).map(toNumber)
  const { length } = numbers
  if (length <= lostDegrees) return null
  const mean = numbers.reduce((a, b) => a + b, 0) / length
  const squares = numbers.reduce((a, b) => a + (b - mean) ** 2, 0)
  return makeDouble(Math.sqrt(squares / (length - lostDegrees)))
}

/** The values below which the given shares of the numbers lie, each a number that occurs. */
export function percentiles(values: readonly (Value | undefined)[], wanted: readonly number[]): Value[] {
  const sorted = values
    .filter(isNumeric)
    .map(toNumber)
    .toSorted((a, b) => a - b)
  return wanted.map((p) => {
    const found = sorted[Math.max(0, Math.ceil(p * sorted.length) - 1)]
    return found === undefined ? null : makeDouble(found)
  })
}

export interface PercentileOperands {
  input: Value
  wanted: number[]
}

/** The operands of `$median` and `$percentile`, in expressions as in groups. */
export function percentileOperands(name: string, operand: Value): PercentileOperands {
  const isMedian = name === '$median'
  const parts = namedOperands(name, operand, isMedian ? ['input', 'method'] : ['input', 'p', 'method'], [])
  if (parts.get('method') !== 'approximate') {
    throw new CommandError('BadValue', "Currently only 'approximate' can be used as percentile 'method'.")
  }
  const p = parts.get('p')
  const list = Array.isArray(p) ? p : []
  const wanted = isMedian ? [0.5] : list.map((one) => (isNumeric(one) ? toNumber(one) : Number.NaN))
  if (wanted.some((one) => !(one >= 0 && one <= 1)) || wanted.length === 0) {
    throw new CommandError(7750303, "The $percentile 'p' field must be an array of numbers from [0.0, 1.0]")
  }
  return { input: parts.get('input') ?? null, wanted }
}
