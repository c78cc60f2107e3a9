import { compareValues } from '../../bson/compare.ts'
import type { Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { binary, isNullish, type Operator, typeOrMissing, variadic } from '../scope.ts'

function setOf(name: string, value: Value | undefined, code: number): Value[] {
  if (!Array.isArray(value)) {
    throw new CommandError(
      code,
      `All operands of ${name} must be arrays. One argument is of type: ${typeOrMissing(value)}`,
    )
  }
  return distinct(value)
}

function distinct(values: readonly Value[]): Value[] {
  const sorted = values.toSorted((a, b) => compareValues(a, b))
  return sorted.filter((value, i) => i === 0 || compareValues(value, sorted[i - 1] ?? null) !== 0)
}

function has(set: readonly Value[], value: Value): boolean {
  return set.some((element) => compareValues(element, value) === 0)
}

export const SETS: [string, Operator][] = [
  variadic('$setUnion', (values) => {
    if (values.some(isNullish)) return null
    return distinct(values.flatMap((value) => setOf('$setUnion', value, 17043)))
  }),
  variadic('$setIntersection', (values) => {
    if (values.some(isNullish)) return null
    const [first = [], ...rest] = values.map((value) => setOf('$setIntersection', value, 17047))
    return first.filter((value) => rest.every((set) => has(set, value)))
  }),
  binary('$setDifference', (a, b) => {
    if (isNullish(a) || isNullish(b)) return null
    const right = setOf('$setDifference', b, 17049)
    setOf('$setDifference', a, 17048)
    const kept: Value[] = []
    for (const value of Array.isArray(a) ? a : []) if (!has(right, value) && !has(kept, value)) kept.push(value)
    return kept
  }),
  variadic('$setEquals', (values) => {
    const [first = [], ...rest] = values.map((value) => setOf('$setEquals', value, 17044))
    return rest.every((set) => compareValues(set, first) === 0)
  }),
  binary('$setIsSubset', (a, b) => {
    const right = setOf('$setIsSubset', b, 17042)
    return setOf('$setIsSubset', a, 17046).every((value) => has(right, value))
  }),
]
