import { compareStrings, compareValues, type StringOrder } from '../bson/compare.ts'
import { compareNumbers, isNumeric, toNumber } from '../bson/numbers.ts'
import { canonicalRank } from '../bson/type-names.ts'
import { MaxKey, MinKey, Regex, type Value } from '../bson/values.ts'
import type { Predicate } from './filter.ts'
import { literalPrefix, regexTest } from './regex.ts'

/** Equality. Null equals a missing field, too. */
export function equals(value: Value, strings: StringOrder): Predicate {
  const bounds = { op: 'eq', value } as const
  if (value === null) return { reach: 'expand', bounds, test: (v) => v === undefined || v === null }
  if (typeof value === 'string' && strings === compareStrings) {
    return {
      reach: 'expand',
      bounds,
      test: (v) => v === value || (typeof v === 'object' && compareValues(v, value) === 0),
    }
  }
  return { reach: 'expand', bounds, test: (v) => v !== undefined && compareValues(v, value, strings) === 0 }
}

type Comparison = 'lt' | 'lte' | 'gt' | 'gte'

/** An ordering comparison: only within one type, save against MinKey and MaxKey. */
export function compares(op: Comparison, value: Value, strings: StringOrder): Predicate {
  const bounds = { op, value } as const
  const orEqual = op === 'lte' || op === 'gte'
  const sign = op === 'lt' || op === 'lte' ? -1 : 1
  if (value === null) return { reach: 'expand', bounds, test: (v) => orEqual && (v === undefined || v === null) }
  if (value instanceof MinKey || value instanceof MaxKey) {
    return { reach: 'expand', bounds, test: (v) => holds(compareValues(v ?? null, value), sign, orEqual) }
  }
  if (isNumeric(value)) return comparesNumber(op, value)
  const rank = canonicalRank(value)
  return {
    reach: 'expand',
    bounds,
    test: (v) => v !== undefined && canonicalRank(v) === rank && holds(compareValues(v, value, strings), sign, orEqual),
  }
}

function holds(order: number, sign: number, orEqual: boolean): boolean {
  return order === 0 ? orEqual : order === sign
}

function comparesNumber(op: Comparison, value: Value): Predicate {
  const orEqual = op === 'lte' || op === 'gte'
  const sign = op === 'lt' || op === 'lte' ? -1 : 1
  if (!isNumeric(value)) throw new TypeError('expected a number')
  const isNaN = Number.isNaN(toNumber(value))
  return {
    reach: 'expand',
    bounds: { op, value },
    test: (v) => {
      if (!isNumeric(v)) return false
      // NaN is neither less nor greater than any number.
      if (isNaN || Number.isNaN(toNumber(v))) return orEqual && isNaN && Number.isNaN(toNumber(v))
      return holds(compareNumbers(v, value), sign, orEqual)
    },
  }
}

const SMALL_SET = 16

/** One of many: values, or patterns. */
export function isIn(values: readonly Value[], strings: StringOrder): Predicate {
  const plain = values.filter((value) => !(value instanceof Regex))
  const patterns = values.filter((value) => value instanceof Regex).map(regexTest)
  const hasNull = plain.includes(null)
  const texts = strings === compareStrings ? new Set(plain.filter((value) => typeof value === 'string')) : undefined
  const sorted = plain.toSorted((a, b) => compareValues(a, b, strings))
  const inSorted = sorted.length > SMALL_SET ? searcher(sorted, strings) : linear(sorted, strings)
  return {
    reach: 'expand',
    ...(patterns.length === 0 ? { bounds: { op: 'in', values: sorted } } : {}),
    test: (v) => {
      if (v === undefined) return hasNull
      if (typeof v === 'string' && texts !== undefined) {
        if (texts.has(v)) return true
      } else if (inSorted(v)) return true
      return patterns.some((test) => test(v))
    },
  }
}

function linear(sorted: readonly Value[], strings: StringOrder): (value: Value) => boolean {
  return (value) => sorted.some((other) => compareValues(value, other, strings) === 0)
}

function searcher(sorted: readonly Value[], strings: StringOrder): (value: Value) => boolean {
  return (value) => {
    let low = 0
    let high = sorted.length - 1
    while (low <= high) {
      const middle = (low + high) >> 1
      const order = compareValues(value, sorted[middle] ?? null, strings)
      if (order === 0) return true
      if (order < 0) high = middle - 1
      else low = middle + 1
    }
    return false
  }
}

export function matchesRegex(regex: Regex): Predicate {
  const prefix = literalPrefix(regex)
  return {
    reach: 'expand',
    test: regexTest(regex),
    ...(prefix === undefined ? {} : { bounds: { op: 'prefix', prefix } }),
  }
}

export const EXISTS: Predicate = { reach: 'whole', bounds: { op: 'exists' }, test: (value) => value !== undefined }
