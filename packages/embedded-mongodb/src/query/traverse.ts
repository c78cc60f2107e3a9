import { Doc, type Value } from '../bson/values.ts'
import type { Predicate } from './filter.ts'

const DIGITS = /^\d+$/

export function isPosition(part: string): boolean {
  const first = part.charCodeAt(0)
  return first >= 48 && first <= 57 && DIGITS.test(part)
}

/** Whether the predicate holds for some value that the path leads to, through arrays as the server walks them. */
export function someAt(value: Value | undefined, parts: readonly string[], at: number, predicate: Predicate): boolean {
  if (at === parts.length) return leafMatches(value, predicate)
  if (value instanceof Doc) return someAt(value.get(parts[at] ?? ''), parts, at + 1, predicate)
  if (Array.isArray(value)) return someInArray(value, parts, at, predicate)
  return predicate.test(undefined)
}

function someInArray(array: Value[], parts: readonly string[], at: number, predicate: Predicate): boolean {
  const part = parts[at] ?? ''
  if (isPosition(part) && Number(part) < array.length) {
    const element = array[Number(part)]
    // The element that a path ends at by its position is taken whole, even when it is an array.
    if (at + 1 === parts.length ? predicate.test(element) : someAt(element, parts, at + 1, predicate)) return true
  }
  for (const element of array) if (element instanceof Doc && someAt(element, parts, at, predicate)) return true
  return false
}

function leafMatches(value: Value | undefined, predicate: Predicate): boolean {
  if (predicate.reach === 'expand' && Array.isArray(value)) {
    for (const element of value) if (predicate.test(element)) return true
  }
  return predicate.test(value)
}

/** The position of the array element by which the path matched, for the positional operator `$`. */
export function matchedPosition(
  value: Value | undefined,
  parts: readonly string[],
  at: number,
  predicate: Predicate,
): number | undefined {
  if (at === parts.length) {
    if (!Array.isArray(value)) return undefined
    const test = predicate.element === undefined ? predicate.test : elementTest(predicate)
    const position = value.findIndex((element) => test(element))
    return position < 0 ? undefined : position
  }
  if (value instanceof Doc) return matchedPosition(value.get(parts[at] ?? ''), parts, at + 1, predicate)
  if (!Array.isArray(value)) return undefined
  const part = parts[at] ?? ''
  if (isPosition(part)) return matchedPosition(value[Number(part)], parts, at + 1, predicate)
  const position = value.findIndex((element) => element instanceof Doc && someAt(element, parts, at, predicate))
  return position < 0 ? undefined : position
}

/** `$elemMatch` is a condition on the array; on one element it is asked by giving it an array of that one. */
function elementTest(predicate: Predicate): (value: Value | undefined) => boolean {
  return (value) => value !== undefined && predicate.test([value])
}
