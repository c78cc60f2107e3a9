import { canonicalRank } from '../bson/type-names.ts'
import { MaxKey, MinKey, UNDEFINED, type Value } from '../bson/values.ts'
import type { Bounds, Predicate } from '../query/filter.ts'
import type { IndexField } from '../storage/index-spec.ts'
import { encodeKey, type Fold, RANKS } from '../storage/key-string.ts'

/** Keys from `low` up to, but not including, `high`. */
export interface KeyRange {
  low: Buffer
  high: Buffer
  /** How many bytes all keys of the range have in common because equality fixes them. */
  fixedBytes: number
}

/** Greater than every key: no type has this rank, inverted or not. */
export const AFTER_ALL = Buffer.from([0xff])
export const BEFORE_ALL = Buffer.alloc(0)

/** The least key that does not begin with `prefix`. */
export function after(prefix: Buffer): Buffer {
  const next = Buffer.from(prefix)
  for (let i = next.length - 1; i >= 0; i--) {
    const byte = next[i] ?? 0
    if (byte < 0xff) {
      next[i] = byte + 1
      return next.subarray(0, i + 1)
    }
  }
  return AFTER_ALL
}

/** What a set of conditions allows for one field of an index. Points are exact; ranges end the use of the index. */
export type Component = { kind: 'points'; keys: Buffer[] } | { kind: 'range'; low: Buffer; high: Buffer }

/** Points that one plan looks up at most; longer lists are answered by a scan. */
export const MAX_POINTS = 100_000

export function componentOf(
  predicates: readonly Predicate[],
  field: IndexField,
  multikey: boolean,
  fold: Fold,
): Component | undefined {
  const encode = (value: Value): Buffer => encodeKey([value], [field.descending], fold)
  let points: Buffer[] | undefined
  for (const { bounds } of predicates) {
    const own = bounds === undefined ? undefined : pointsOf(bounds, encode)
    if (own !== undefined && own.length <= MAX_POINTS && (points === undefined || own.length < points.length))
      points = own
  }
  if (points !== undefined) return { kind: 'points', keys: distinct(points) }
  return rangeOf(predicates, field, multikey, encode)
}

function distinct(keys: Buffer[]): Buffer[] {
  const sorted = keys.toSorted((a, b) => Buffer.compare(a, b))
  return sorted.filter((key, i) => i === 0 || sorted[i - 1]?.equals(key) !== true)
}

function pointsOf(bounds: Bounds, encode: (value: Value) => Buffer): Buffer[] | undefined {
  if (bounds.op === 'eq') return pointsFor(bounds.value).map(encode)
  if (bounds.op === 'in') return bounds.values.flatMap(pointsFor).map(encode)
  if ((bounds.op === 'gte' || bounds.op === 'lte') && bounds.value === null) return [encode(null)]
  return undefined
}

/** An array is indexed by its elements, so an equal array is found by its first element, or as an element itself. */
function pointsFor(value: Value): Value[] {
  return Array.isArray(value) ? [value, value[0] ?? UNDEFINED] : [value]
}

function rangeOf(
  predicates: readonly Predicate[],
  field: IndexField,
  multikey: boolean,
  encode: (value: Value) => Buffer,
): Component | undefined {
  let range: { low: Buffer; high: Buffer } | undefined
  for (const { bounds } of predicates) {
    const own = bounds === undefined ? undefined : boundsRange(bounds, field.descending, encode)
    if (own === undefined) continue
    // Different elements of an array may satisfy different conditions, so that the conditions do not narrow each other.
    if (range === undefined) range = own
    else if (!multikey) {
      range = {
        low: Buffer.compare(range.low, own.low) > 0 ? range.low : own.low,
        high: Buffer.compare(range.high, own.high) < 0 ? range.high : own.high,
      }
    }
  }
  return range === undefined ? undefined : { kind: 'range', ...range }
}

function boundsRange(
  bounds: Bounds,
  descending: boolean,
  encode: (value: Value) => Buffer,
): { low: Buffer; high: Buffer } | undefined {
  if (bounds.op === 'prefix') return prefixRange(bounds.prefix, descending, encode)
  if (bounds.op === 'exists' || bounds.op === 'eq' || bounds.op === 'in') return undefined
  const { value } = bounds
  if (value instanceof MinKey || value instanceof MaxKey || Array.isArray(value) || value === null) return undefined
  const rank = canonicalRank(value)
  const whole = Buffer.from([descending ? ~rank & 0xff : rank])
  const key = encode(value)
  const upward = (bounds.op === 'gt' || bounds.op === 'gte') !== descending
  const inclusive = bounds.op === 'gte' || bounds.op === 'lte'
  return upward
    ? { low: inclusive ? key : after(key), high: after(whole) }
    : { low: whole, high: inclusive ? after(key) : key }
}

/** Strings that begin with a text, and no patterns: an equal pattern stored as a value is not worth an index. */
function prefixRange(
  prefix: string,
  descending: boolean,
  encode: (value: Value) => Buffer,
): { low: Buffer; high: Buffer } {
  const key = encode(prefix)
  const open = key.subarray(0, key.length - 2)
  const regexes = Buffer.from([descending ? ~RANKS.regex & 0xff : RANKS.regex])
  // Patterns equal to the pattern itself match too; they lie beyond all strings.
  return descending ? { low: regexes, high: after(open) } : { low: open, high: after(regexes) }
}
