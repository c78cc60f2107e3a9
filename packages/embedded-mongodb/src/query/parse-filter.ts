import type { StringOrder } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, Regex, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Node, PathNode, Predicate } from './filter.ts'
import { operatorNode } from './parse-operator.ts'
import { equals, matchesRegex } from './predicates.ts'

/** Compiles `$expr`; given by the caller, so that queries and expressions do not depend on each other in a circle. */
export type ExpressionTest = (expression: Value) => (doc: Doc) => boolean

export interface FilterContext {
  strings: StringOrder
  expression: ExpressionTest | undefined
  depth: number
}

const MAX_DEPTH = 100

/** Parses a query document into a tree. */
export function parseFilter(filter: Doc, context: FilterContext): Node {
  if (context.depth > MAX_DEPTH) throw new CommandError('Overflow', 'exceeded maximum query tree depth')
  const deeper = { ...context, depth: context.depth + 1 }
  const nodes: Node[] = []
  for (const [key, value] of filter.entries()) {
    if (key.startsWith('$')) {
      const node = parseTopLevel(key, value, deeper)
      if (node !== undefined) nodes.push(node)
    } else parsePath(key, value, deeper, nodes)
  }
  const [only] = nodes
  return nodes.length === 1 && only !== undefined ? only : { kind: 'and', nodes }
}

function parseTopLevel(key: string, value: Value, context: FilterContext): Node | undefined {
  switch (key) {
    case '$and':
    case '$or':
    case '$nor':
      return { kind: key === '$and' ? 'and' : key === '$or' ? 'or' : 'nor', nodes: parseList(key, value, context) }
    case '$expr':
      if (context.expression === undefined) throw new CommandError('BadValue', '$expr is not allowed in this context')
      return { kind: 'expr', test: context.expression(value) }
    case '$comment':
      return undefined
    case '$text':
      return parseText(value)
    case '$alwaysTrue':
    case '$alwaysFalse':
      return { kind: 'always', value: key === '$alwaysTrue' }
    case '$sampleRate':
      return sampled(value)
    case '$where':
      throw new CommandError('BadValue', '$where is not supported')
    case '$jsonSchema':
      throw new CommandError('BadValue', '$jsonSchema is not supported')
    default:
      throw new CommandError(
        'BadValue',
        `unknown top level operator: ${key}. If you have a field name that starts with a '$' symbol, consider using $getField or $setField.`,
      )
  }
}

function sampled(value: Value): Node {
  const rate = isNumeric(value) ? toNumber(value) : Number.NaN
  if (!isNumeric(value)) throw new CommandError('BadValue', 'argument to $sampleRate must be a numeric type')
  if (!(rate >= 0 && rate <= 1)) {
    throw new CommandError('BadValue', 'numeric argument to $sampleRate must be in [0, 1]')
  }
  return { kind: 'expr', test: () => Math.random() < rate }
}

function parseList(key: string, value: Value, context: FilterContext): Node[] {
  if (!Array.isArray(value)) throw new CommandError('BadValue', `${key} argument must be an array`)
  if (value.length === 0) throw new CommandError('BadValue', `${key} argument must be a non-empty array`)
  return value.map((entry) => {
    if (!(entry instanceof Doc)) throw new CommandError('BadValue', `${key} argument's entries must be objects`)
    return parseFilter(entry, context)
  })
}

function parseText(value: Value): Node {
  if (!(value instanceof Doc)) throw new CommandError('BadValue', '$text expects an object')
  const search = value.get('$search')
  if (typeof search !== 'string') {
    throw new CommandError('TypeMismatch', "Missing or invalid field in $text: '$search' must be a string")
  }
  const language = value.get('$language')
  for (const field of value.keys) {
    if (!['$search', '$language', '$caseSensitive', '$diacriticSensitive'].includes(field)) {
      throw new CommandError('BadValue', `extra fields in $text: ${field}`)
    }
  }
  return {
    kind: 'text',
    search: {
      search,
      language: typeof language === 'string' ? language : undefined,
      caseSensitive: flag(value, '$caseSensitive'),
      diacriticSensitive: flag(value, '$diacriticSensitive'),
    },
  }
}

function flag(text: Doc, name: string): boolean {
  const value = text.get(name) ?? false
  if (typeof value === 'boolean') return value
  throw new CommandError('TypeMismatch', `"${name}" had the wrong type. Expected bool, found ${typeName(value)}`)
}

export function pathNode(path: string, predicate: Predicate): PathNode {
  return { kind: 'path', path, parts: path.includes('.') ? path.split('.') : [path], predicate }
}

function isOperators(value: Value): value is Doc {
  return value instanceof Doc && (value.keys[0]?.startsWith('$') ?? false) && !isReference(value)
}

/** A DBRef looks like a document of operators and is a plain value. */
function isReference(value: Doc): boolean {
  const [first] = value.keys
  return first === '$ref' || first === '$id' || first === '$db'
}

function parsePath(path: string, value: Value, context: FilterContext, nodes: Node[]): void {
  if (value instanceof Regex) nodes.push(pathNode(path, matchesRegex(value)))
  else if (isOperators(value)) nodes.push(...parseOperators(path, value, context))
  else {
    if (typeName(value) === 'undefined') throw new CommandError('BadValue', 'cannot compare to undefined')
    nodes.push(pathNode(path, equals(value, context.strings)))
  }
}

/** Parses `{ $gt: 1, $lt: 5 }` as conditions on the path. */
export function parseOperators(path: string, operators: Doc, context: FilterContext): Node[] {
  const nodes: Node[] = []
  for (const [operator, operand] of operators.entries()) {
    if (!operator.startsWith('$')) throw new CommandError('BadValue', `unknown operator: ${operator}`)
    if (operator === '$options') {
      if (!operators.has('$regex')) throw new CommandError('BadValue', '$options needs a $regex')
    } else if (operator === '$regex')
      nodes.push(pathNode(path, matchesRegex(regexOf(operand, operators.get('$options')))))
    else if (operator === '$not') nodes.push({ kind: 'not', node: parseNot(path, operand, context) })
    else nodes.push(operatorNode(path, operator, operand, context, { parseFilter, parseOperators, predicateOf }))
  }
  return nodes
}

function regexOf(pattern: Value, options: Value | undefined): Regex {
  if (options !== undefined && typeof options !== 'string') {
    throw new CommandError('BadValue', '$options has to be a string')
  }
  if (typeof pattern === 'string') return new Regex(pattern, options ?? '')
  if (!(pattern instanceof Regex)) throw new CommandError('BadValue', '$regex has to be a string')
  if (options !== undefined && pattern.options !== '') {
    throw new CommandError(51074, 'options set in both $regex and $options')
  }
  return options === undefined ? pattern : new Regex(pattern.pattern, options)
}

function parseNot(path: string, operand: Value, context: FilterContext): Node {
  if (operand instanceof Regex) return pathNode(path, matchesRegex(operand))
  if (!(operand instanceof Doc)) throw new CommandError('BadValue', '$not needs a regex or a document')
  if (operand.size === 0) throw new CommandError('BadValue', '$not cannot be empty')
  return { kind: 'and', nodes: parseOperators(path, operand, context) }
}

/** A condition on a bare value out of parsed operators, for `$elemMatch` and `$pull`. */
export function predicateOf(nodes: readonly Node[]): (value: Value | undefined) => boolean {
  return (value) => nodes.every((node) => bareMatches(node, value))
}

function bareMatches(node: Node, value: Value | undefined): boolean {
  switch (node.kind) {
    case 'path':
      // An element that is an array itself is taken whole.
      return node.predicate.test(value)
    case 'not':
      return !bareMatches(node.node, value)
    case 'and':
      return node.nodes.every((inner) => bareMatches(inner, value))
    case 'or':
      return node.nodes.some((inner) => bareMatches(inner, value))
    case 'nor':
      return !node.nodes.some((inner) => bareMatches(inner, value))
    case 'always':
      return node.value
    case 'expr':
    case 'text':
      throw new CommandError('BadValue', `$${node.kind} can only be applied to the top-level document`)
  }
}

/** Whether a document consists of operators, so that it is a condition and not a value. */
export function isCondition(value: Value): value is Doc {
  return isOperators(value) && !['$and', '$or', '$nor', '$expr', '$text', '$comment'].includes(value.keys[0] ?? '')
}
