import { compareValues, type StringOrder, valuesEqual } from '../bson/compare.ts'
import { display } from '../bson/display.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, Regex, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { matches } from '../query/match-node.ts'
import { type FilterContext, isCondition, parseFilter, parseOperators, predicateOf } from '../query/parse-filter.ts'
import { regexTest } from '../query/regex.ts'
import { parseSort, sortValue } from '../query/sort.ts'

export type ArrayChange = (value: Value | undefined, id: Value | undefined) => Value | undefined

function integer(operator: '$slice' | '$position', value: Value): number {
  const number = isNumeric(value) ? toNumber(value) : Number.NaN
  if (!Number.isInteger(number)) {
    const fault = operator === '$slice' ? ' but was given type' : ', not of type'
    throw new CommandError('BadValue', `The value for ${operator} must be an integer value${fault}: ${typeName(value)}`)
  }
  return number
}

interface PushOptions {
  each: Value[]
  position: number | undefined
  slice: number | undefined
  sort: ((a: Value, b: Value) => number) | undefined
}

function parsePush(operand: Value, strings: StringOrder): PushOptions {
  if (!(operand instanceof Doc) || !operand.has('$each')) {
    return { each: [operand], position: undefined, slice: undefined, sort: undefined }
  }
  const options: PushOptions = { each: [], position: undefined, slice: undefined, sort: undefined }
  for (const [key, value] of operand.entries()) {
    switch (key) {
      case '$each':
        if (!Array.isArray(value)) {
          throw new CommandError(
            'BadValue',
            `The argument to $each in $push must be an array but it was of type: ${typeName(value)}`,
          )
        }
        options.each = value
        break
      case '$slice':
        options.slice = integer(key, value)
        break
      case '$position':
        options.position = integer(key, value)
        break
      case '$sort':
        options.sort = elementOrder(value, strings)
        break
      default:
        throw new CommandError('BadValue', `Unrecognized clause in $push: ${key}`)
    }
  }
  return options
}

function elementOrder(sort: Value, strings: StringOrder): (a: Value, b: Value) => number {
  if (sort instanceof Doc) {
    if (sort.size === 0)
      throw new CommandError('BadValue', 'The sort pattern is empty when it should be a set of fields.')
    const fields = parseSort(sort)
    const wrap = (value: Value): Doc => (value instanceof Doc ? value : new Doc())
    return (a, b) => {
      for (const field of fields) {
        const order = compareValues(sortValue(wrap(a), field, strings), sortValue(wrap(b), field, strings), strings)
        if (order !== 0) return field.descending ? -order : order
      }
      return 0
    }
  }
  if (!isNumeric(sort)) {
    throw new CommandError(
      'BadValue',
      'The $sort is invalid: use 1/-1 to sort the whole element, or {field:1/-1} to sort embedded fields',
    )
  }
  const direction = toNumber(sort)
  if (direction !== 1 && direction !== -1)
    throw new CommandError('BadValue', 'The $sort element value must be either 1 or -1')
  return (a, b) => direction * compareValues(a, b, strings)
}

function inDocument(id: Value | undefined): string {
  return id === undefined ? '{}' : `{_id: ${display(id)}}`
}

export function push(path: string, operand: Value, strings: StringOrder): ArrayChange {
  const options = parsePush(operand, strings)
  return (value, id) => {
    if (value !== undefined && !Array.isArray(value)) {
      throw new CommandError(
        'BadValue',
        `The field '${path}' must be an array but is of type ${typeName(value)} in document ${inDocument(id)}`,
      )
    }
    const array = value?.slice() ?? []
    const { position, slice, sort } = options
    if (position === undefined || position >= array.length) array.push(...options.each)
    else array.splice(position < 0 ? Math.max(0, array.length + position) : position, 0, ...options.each)
    if (sort !== undefined) array.sort(sort)
    if (slice === undefined) return array
    return slice >= 0 ? array.slice(0, slice) : array.slice(slice)
  }
}

export function addToSet(path: string, operand: Value, strings: StringOrder): ArrayChange {
  const each = eachOf(operand)
  return (value) => {
    if (value !== undefined && !Array.isArray(value)) {
      throw new CommandError(
        'BadValue',
        `Cannot apply $addToSet to non-array field. Field named '${path.split('.').at(-1) ?? path}' has non-array type ${typeName(value)}`,
      )
    }
    const array = value?.slice() ?? []
    for (const added of each) if (!array.some((own) => valuesEqual(own, added, strings))) array.push(added)
    return array
  }
}

function eachOf(operand: Value): Value[] {
  if (!(operand instanceof Doc) || operand.keys[0] !== '$each') return [operand]
  const each = operand.get('$each')
  const stranger = operand.keys.find((key) => key !== '$each')
  if (stranger !== undefined) {
    throw new CommandError('BadValue', `Found unexpected fields after $each in $addToSet: ${display(operand)}`)
  }
  if (!Array.isArray(each)) {
    throw new CommandError(
      'TypeMismatch',
      `The argument to $each in $addToSet must be an array but it was of type ${typeName(each ?? null)}`,
    )
  }
  return each
}

export function pop(path: string, operand: Value): ArrayChange {
  if (!isNumeric(operand)) throw new CommandError('FailedToParse', `Expected a number in: ${path}: ${display(operand)}`)
  const side = toNumber(operand)
  if (side !== 1 && side !== -1)
    throw new CommandError('FailedToParse', `$pop expects 1 or -1, found: ${display(operand)}`)
  return (value) => {
    if (value === undefined) return undefined
    if (!Array.isArray(value)) {
      throw new CommandError(
        'TypeMismatch',
        `Path '${path}' contains an element of non-array type '${typeName(value)}'`,
      )
    }
    return side === 1 ? value.slice(0, -1) : value.slice(1)
  }
}

export function pullAll(operand: Value, strings: StringOrder): ArrayChange {
  if (!Array.isArray(operand)) {
    throw new CommandError('BadValue', `$pullAll requires an array argument but was given a ${typeName(operand)}`)
  }
  return removing((element) => operand.some((value) => valuesEqual(element, value, strings)))
}

export function pull(operand: Value, context: FilterContext): ArrayChange {
  return removing(pullCondition(operand, context))
}

function pullCondition(operand: Value, context: FilterContext): (element: Value) => boolean {
  if (operand instanceof Regex) return regexTest(operand)
  if (isCondition(operand)) return predicateOf(parseOperators('', operand, context))
  if (operand instanceof Doc) {
    const filter = parseFilter(operand, context)
    return (element) => element instanceof Doc && matches(filter, element)
  }
  return (element) => compareValues(element, operand, context.strings) === 0
}

function removing(isRemoved: (element: Value) => boolean): ArrayChange {
  return (value) => {
    if (value === undefined) return undefined
    if (!Array.isArray(value)) throw new CommandError('BadValue', 'Cannot apply $pull to a non-array value')
    const kept = value.filter((element) => !isRemoved(element))
    return kept.length === value.length ? value : kept
  }
}
