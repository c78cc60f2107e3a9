import { divide } from '../bson/arithmetic.ts'
import { compareValues } from '../bson/compare.ts'
import { isNumeric, type Numeric, toNumber } from '../bson/numbers.ts'
import { makeDouble, type Value } from '../bson/values.ts'
import { compute } from './operators/arithmetic.ts'
import { isNullish } from './scope.ts'

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
