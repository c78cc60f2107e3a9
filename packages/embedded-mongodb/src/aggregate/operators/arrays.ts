import { compareStrings, compareValues } from '../../bson/compare.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { Doc, isInt32, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { parseSort, sortValue } from '../../query/sort.ts'
import {
  binary,
  isNullish,
  isTrue,
  MISSING,
  named,
  namedOperands,
  needArray,
  type Operator,
  operandsOf,
  typeOrMissing,
  unary,
  variadic,
} from '../scope.ts'

function integer(name: string, value: Value | undefined, code: number): number {
  const number = isNumeric(value) ? toNumber(value) : Number.NaN
  if (Number.isInteger(number)) return number
  throw new CommandError(
    code,
    `${name} must be a number representable as a 32-bit integer, but is of type ${typeOrMissing(value)}`,
  )
}

function elementAt(array: Value[], position: number): Value | undefined {
  return position >= 0 ? array[position] : array[array.length + position]
}

const arrayElemAt = binary('$arrayElemAt', (array, position) => {
  if (isNullish(array) || isNullish(position)) return null
  if (!Array.isArray(array)) {
    throw new CommandError(28689, `$arrayElemAt's first argument must be an array, but is ${typeOrMissing(array)}`)
  }
  return elementAt(array, integer("$arrayElemAt's second argument", position, 28690))
})

function edge(name: string, position: number): [string, Operator] {
  return unary(name, (array) => {
    if (isNullish(array)) return null
    if (!Array.isArray(array))
      throw new CommandError(28689, `${name}'s argument must be an array, but is ${typeOrMissing(array)}`)
    return elementAt(array, position)
  })
}

function several(name: string, pick: (array: Value[], n: number) => Value[]): [string, Operator] {
  return named(name, { required: ['n', 'input'] }, (argument) => {
    const input = argument('input')
    const n = integer(`'n' of ${name}`, argument('n'), 5787902)
    if (n <= 0) throw new CommandError(5787908, `'n' must be greater than 0, found ${n}`)
    if (!Array.isArray(input)) throw new CommandError(5788200, `Input must be an array`)
    return pick(input, n)
  })
}

const concatArrays = variadic('$concatArrays', (values) => {
  const out: Value[] = []
  for (const value of values) {
    if (isNullish(value)) return null
    out.push(...needArray('$concatArrays', value))
  }
  return out
})

const isMember = binary('$in', (value, array) => {
  if (!Array.isArray(array)) {
    throw new CommandError(40081, `$in requires an array as a second argument, found: ${typeOrMissing(array)}`)
  }
  return value !== undefined && array.some((element) => compareValues(element, value) === 0)
})

const indexOfArray: Operator = (operand, compile) => {
  const [array = MISSING, sought = MISSING, from, to] = operandsOf('$indexOfArray', operand, compile, 2, 4)
  return (scope) => {
    const list = array(scope)
    if (isNullish(list)) return null
    if (!Array.isArray(list)) {
      throw new CommandError(
        40090,
        `$indexOfArray requires an array as a first argument, found: ${typeOrMissing(list)}`,
      )
    }
    const value = sought(scope)
    const start = from === undefined ? 0 : integer('$indexOfArray starting index', from(scope), 40096)
    const end = to === undefined ? list.length : integer('$indexOfArray ending index', to(scope), 40096)
    for (let i = start; i < Math.min(end, list.length); i++) {
      if (value !== undefined && compareValues(list[i] ?? null, value) === 0) return i
    }
    return -1
  }
}

const MAX_RANGE = 10_000_000

const range: Operator = (operand, compile) => {
  const [from = MISSING, to = MISSING, by] = operandsOf('$range', operand, compile, 2, 3)
  return (scope) => {
    const start = integer("$range's starting value", from(scope), 34443)
    const end = integer("$range's ending value", to(scope), 34445)
    const step = by === undefined ? 1 : integer("$range's step value", by(scope), 34447)
    if (step === 0) throw new CommandError(34449, '$range requires a non-zero step value')
    if (Math.abs((end - start) / step) > MAX_RANGE) {
      throw new CommandError('ExceededMemoryLimit', '$range would use too much memory and cannot spill')
    }
    const out: Value[] = []
    for (let i = start; step > 0 ? i < end : i > end; i += step) out.push(isInt32(i) ? i : BigInt(i))
    return out
  }
}

const slice: Operator = (operand, compile) => {
  const [source = MISSING, second = MISSING, third] = operandsOf('$slice', operand, compile, 2, 3)
  return (scope) => {
    const array = source(scope)
    const a = second(scope)
    const b = third?.(scope)
    if (isNullish(array) || isNullish(a) || (third !== undefined && isNullish(b))) return null
    if (!Array.isArray(array)) {
      throw new CommandError(
        28724,
        `First argument to $slice must be an array, but is of type: ${typeOrMissing(array)}`,
      )
    }
    const first = integer('Second argument to $slice', a, 28725)
    if (third === undefined) return first >= 0 ? array.slice(0, first) : array.slice(first)
    const n = integer('Third argument to $slice', b, 28727)
    if (n <= 0) throw new CommandError(28729, `Third argument to $slice must be positive: ${n}`)
    const start = first >= 0 ? first : Math.max(0, array.length + first)
    return array.slice(start, start + n)
  }
}

const zip = named('$zip', { required: ['inputs'], optional: ['useLongestLength', 'defaults'] }, (argument) => {
  const inputs = argument('inputs')
  if (!Array.isArray(inputs)) throw new CommandError(34461, 'inputs must be an array of expressions')
  const defaults = argument('defaults')
  const arrays: Value[][] = []
  for (const input of inputs) {
    if (isNullish(input)) return null
    arrays.push(needArray('$zip', input, 34468))
  }
  const lengths = arrays.map((array) => array.length)
  const length = argument('useLongestLength') === true ? Math.max(0, ...lengths) : Math.min(...lengths)
  return Array.from({ length }, (_, i) =>
    arrays.map((array, at) => array[i] ?? (Array.isArray(defaults) ? (defaults[at] ?? null) : null)),
  )
})

const arrayToObject = unary('$arrayToObject', (array) => {
  if (isNullish(array)) return null
  const out = new Doc()
  for (const entry of needArray('$arrayToObject', array, 40386)) {
    const [key, value] = pairOf(entry)
    out.set(key, value)
  }
  return out
})

function pairOf(entry: Value): [string, Value] {
  if (Array.isArray(entry) && entry.length === 2 && typeof entry[0] === 'string') return [entry[0], entry[1] ?? null]
  if (entry instanceof Doc && entry.size === 2) {
    const key = entry.get('k')
    const value = entry.get('v')
    if (typeof key === 'string' && value !== undefined) return [key, value]
  }
  throw new CommandError(40392, '$arrayToObject requires an object with keys k and v, where k is a string')
}

const sortArray: Operator = (operand, compile) => {
  const parts = namedOperands('$sortArray', operand, ['input', 'sortBy'], [])
  const input = compile(parts.get('input') ?? null)
  const by = parts.get('sortBy') ?? null
  const order = by instanceof Doc ? byFields(by) : byValue(by)
  return (scope) => {
    const array = input(scope)
    if (isNullish(array)) return null
    return needArray('$sortArray', array, 2942504).toSorted(order)
  }
}

function byValue(by: Value): (a: Value, b: Value) => number {
  const direction = isNumeric(by) ? toNumber(by) : 0
  if (direction !== 1 && direction !== -1) {
    throw new CommandError(2942801, '$sortArray: sortBy must be 1, -1 or an object')
  }
  return (a, b) => direction * compareValues(a, b)
}

function byFields(by: Doc): (a: Value, b: Value) => number {
  const fields = parseSort(by)
  const docOf = (value: Value): Doc => (value instanceof Doc ? value : new Doc())
  return (a, b) => {
    for (const field of fields) {
      const order = compareValues(
        sortValue(docOf(a), field, compareStrings),
        sortValue(docOf(b), field, compareStrings),
      )
      if (order !== 0) return field.descending ? -order : order
    }
    return 0
  }
}

export const ARRAYS: [string, Operator][] = [
  arrayElemAt,
  edge('$first', 0),
  edge('$last', -1),
  several('$firstN', (array, n) => array.slice(0, n)),
  several('$lastN', (array, n) => array.slice(-n)),
  several('$minN', (array, n) =>
    withoutNull(array)
      .toSorted((a, b) => compareValues(a, b))
      .slice(0, n),
  ),
  several('$maxN', (array, n) =>
    withoutNull(array)
      .toSorted((a, b) => compareValues(b, a))
      .slice(0, n),
  ),
  concatArrays,
  isMember,
  ['$indexOfArray', indexOfArray],
  unary('$isArray', (value) => Array.isArray(value)),
  ['$range', range],
  unary('$reverseArray', (value) => (isNullish(value) ? null : needArray('$reverseArray', value, 34435).toReversed())),
  unary('$size', (value) => {
    if (Array.isArray(value)) return value.length
    throw new CommandError(17124, `The argument to $size must be an array, but was of type: ${typeOrMissing(value)}`)
  }),
  ['$slice', slice],
  zip,
  arrayToObject,
  ['$sortArray', sortArray],
  unary('$anyElementTrue', (value) => needArray('$anyElementTrue', value, 17041).some(isTrue)),
  unary('$allElementsTrue', (value) => needArray('$allElementsTrue', value, 17040).every(isTrue)),
]

function withoutNull(array: Value[]): Value[] {
  return array.filter((value) => !isNullish(value))
}
