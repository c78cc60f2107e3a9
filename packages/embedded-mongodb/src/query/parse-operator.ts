import { display } from '../bson/display.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { TYPE_NUMBERS, type TypeName, typeName } from '../bson/type-names.ts'
import { Doc, Regex, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { bitsPredicate } from './bits.ts'
import type { Node, PathNode, Predicate } from './filter.ts'
import { matches } from './match-node.ts'
import type { FilterContext } from './parse-filter.ts'
import { compares, EXISTS, equals, isIn, matchesRegex } from './predicates.ts'

/** What this file needs of the parser that calls it. */
export interface Parsers {
  parseFilter(filter: Doc, context: FilterContext): Node
  parseOperators(path: string, operators: Doc, context: FilterContext): Node[]
  predicateOf(nodes: readonly Node[]): (value: Value | undefined) => boolean
}

const COMPARISONS = { $lt: 'lt', $lte: 'lte', $gt: 'gt', $gte: 'gte' } as const

function isComparison(operator: string): operator is keyof typeof COMPARISONS {
  return Object.hasOwn(COMPARISONS, operator)
}

/** Parses one operator that applies to a path. */
export function operatorNode(
  path: string,
  operator: string,
  operand: Value,
  context: FilterContext,
  parsers: Parsers,
): Node {
  const at = (predicate: Predicate): PathNode => ({ kind: 'path', path, parts: path.split('.'), predicate })
  if (isComparison(operator)) {
    if (operand instanceof Regex)
      throw new CommandError('BadValue', `Can't have RegEx as arg to predicate over field '${path}'.`)
    return at(compares(COMPARISONS[operator], operand, context.strings))
  }
  switch (operator) {
    case '$eq':
      return at(equals(operand, context.strings))
    case '$ne':
      if (operand instanceof Regex) throw new CommandError('BadValue', "Can't have regex as arg to $ne.")
      return { kind: 'not', node: at(equals(operand, context.strings)) }
    case '$in':
      return at(isIn(listOf(operator, operand), context.strings))
    case '$nin':
      return { kind: 'not', node: at(isIn(listOf(operator, operand), context.strings)) }
    case '$exists':
      return truthy(operand) ? at(EXISTS) : { kind: 'not', node: at(EXISTS) }
    case '$type':
      return at(typePredicate(operand))
    case '$size':
      return at(sizePredicate(operand))
    case '$mod':
      return at(modPredicate(operand))
    case '$all':
      return allNode(at, operand, context, parsers)
    case '$elemMatch':
      return at(elementPredicate(operand, context, parsers))
    case '$bitsAllSet':
    case '$bitsAllClear':
    case '$bitsAnySet':
    case '$bitsAnyClear':
      return at(bitsPredicate(operator, operand))
    default:
      throw new CommandError('BadValue', `unknown operator: ${operator}`)
  }
}

function truthy(value: Value): boolean {
  if (isNumeric(value)) return toNumber(value) !== 0
  return value !== false && value !== null
}

function listOf(operator: string, operand: Value): Value[] {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', `${operator} needs an array`)
  for (const entry of operand) {
    if (entry instanceof Doc && entry.keys[0]?.startsWith('$') && !/^\$(?:ref|id|db)$/.test(entry.keys[0])) {
      throw new CommandError('BadValue', `cannot nest $ under ${operator}`)
    }
  }
  return operand
}

function typeSet(operand: Value, names: Set<TypeName>): void {
  if (operand === 'number') for (const name of ['int', 'long', 'double', 'decimal'] as const) names.add(name)
  else if (typeof operand === 'string') {
    const name = Object.keys(TYPE_NUMBERS).find((known) => known === operand)
    if (name === undefined) throw new CommandError('BadValue', `Unknown type name alias: ${operand}`)
    names.add(nameOf(name))
  } else if (isNumeric(operand)) {
    const name = Object.entries(TYPE_NUMBERS).find(([, number]) => number === toNumber(operand))?.[0]
    if (name === undefined) throw new CommandError('BadValue', `Invalid numerical type code: ${toNumber(operand)}`)
    names.add(nameOf(name))
  } else throw new CommandError('TypeMismatch', 'type must be represented as a number or a string')
}

function isTypeName(name: string): name is TypeName {
  return Object.hasOwn(TYPE_NUMBERS, name)
}

function nameOf(name: string): TypeName {
  if (isTypeName(name)) return name
  throw new CommandError('BadValue', `Unknown type name alias: ${name}`)
}

function typePredicate(operand: Value): Predicate {
  const names = new Set<TypeName>()
  if (Array.isArray(operand)) {
    if (operand.length === 0) throw new CommandError('FailedToParse', '$type must match at least one type')
    for (const entry of operand) typeSet(entry, names)
  } else typeSet(operand, names)
  return { reach: 'expand', test: (value) => value !== undefined && names.has(typeName(value)) }
}

function sizePredicate(operand: Value): Predicate {
  if (!isNumeric(operand)) {
    throw new CommandError('BadValue', `Failed to parse $size. Expected a number in: $size: ${display(operand)}`)
  }
  const size = toNumber(operand)
  if (!Number.isInteger(size)) {
    throw new CommandError('BadValue', `Failed to parse $size. Expected an integer: $size: ${size}`)
  }
  if (size < 0)
    throw new CommandError('BadValue', `Failed to parse $size. Expected a non-negative number in: $size: ${size}`)
  return { reach: 'whole', test: (value) => Array.isArray(value) && value.length === size }
}

function modPredicate(operand: Value): Predicate {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', 'malformed mod, needs to be an array')
  if (operand.length < 2) throw new CommandError('BadValue', 'malformed mod, not enough elements')
  if (operand.length > 2) throw new CommandError('BadValue', 'malformed mod, too many elements')
  const [divisor, remainder] = operand
  if (!isNumeric(divisor)) throw new CommandError('BadValue', 'malformed mod, divisor not a number')
  if (!isNumeric(remainder)) throw new CommandError('BadValue', 'malformed mod, remainder not a number')
  const by = Math.trunc(toNumber(divisor))
  const rest = Math.trunc(toNumber(remainder))
  if (!Number.isFinite(by) || !Number.isFinite(rest)) throw new CommandError('BadValue', 'malformed mod, not finite')
  if (by === 0) throw new CommandError('BadValue', 'divisor cannot be 0')
  return {
    reach: 'expand',
    test: (value) => {
      if (!isNumeric(value)) return false
      if (typeof value === 'bigint') return value % BigInt(by) === BigInt(rest)
      const number = Math.trunc(toNumber(value))
      return Number.isFinite(number) && number % by === rest
    },
  }
}

function allNode(at: (p: Predicate) => PathNode, operand: Value, context: FilterContext, parsers: Parsers): Node {
  if (!Array.isArray(operand)) throw new CommandError('BadValue', '$all needs an array')
  if (operand.length === 0) return { kind: 'always', value: false }
  const nodes = operand.map((entry) => {
    if (entry instanceof Regex) return at(matchesRegex(entry))
    if (entry instanceof Doc && entry.keys[0] === '$elemMatch') {
      return at(elementPredicate(entry.get('$elemMatch') ?? null, context, parsers))
    }
    if (entry instanceof Doc && entry.keys[0]?.startsWith('$'))
      throw new CommandError('BadValue', 'no $ expressions in $all')
    return at(equals(entry, context.strings))
  })
  return { kind: 'and', nodes }
}

function elementPredicate(operand: Value, context: FilterContext, parsers: Parsers): Predicate {
  if (!(operand instanceof Doc)) throw new CommandError('BadValue', '$elemMatch needs an Object')
  const first = operand.keys[0] ?? ''
  const isValueCondition = first.startsWith('$') && !/^\$(?:and|or|nor|expr|text|where|ref|id|db|comment)$/.test(first)
  if (isValueCondition) {
    const nodes = parsers.parseOperators('', operand, context)
    const test = parsers.predicateOf(nodes)
    const predicates = nodes.flatMap((node) => (node.kind === 'path' ? [node.predicate] : []))
    return { reach: 'whole', element: { predicates }, test: (value) => Array.isArray(value) && value.some(test) }
  }
  const filter = parsers.parseFilter(operand, context)
  return {
    reach: 'whole',
    element: { filter },
    test: (value) => Array.isArray(value) && value.some((element) => elementMatches(filter, element)),
  }
}

/** An element that is an array itself is looked into by position. */
function elementMatches(filter: Node, element: Value): boolean {
  if (element instanceof Doc) return matches(filter, element)
  if (!Array.isArray(element)) return false
  return matches(
    filter,
    new Doc(
      element.map((_, i) => String(i)),
      element,
    ),
  )
}
