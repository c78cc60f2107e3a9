import { Doc, Regex, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { ARITHMETIC } from './operators/arithmetic.ts'
import { ARRAYS } from './operators/arrays.ts'
import { COMPARISON } from './operators/comparison.ts'
import { CONVERSION } from './operators/conversion.ts'
import { DATES } from './operators/dates.ts'
import { ITERATION } from './operators/iteration.ts'
import { METADATA } from './operators/metadata.ts'
import { OBJECTS } from './operators/objects.ts'
import { SETS } from './operators/sets.ts'
import { STRINGS } from './operators/strings.ts'
import { SUMMARIES } from './operators/summaries.ts'
import type { Compile, Expression, OperatorTable, Scope } from './scope.ts'

const OPERATORS: OperatorTable = new Map([
  ...ARITHMETIC,
  ...ARRAYS,
  ...COMPARISON,
  ...CONVERSION,
  ...DATES,
  ...ITERATION,
  ...METADATA,
  ...OBJECTS,
  ...SETS,
  ...STRINGS,
  ...SUMMARIES,
])

/** Compiles an aggregation expression. Types follow the server: an Int32 stays one, a Long stays one. */
export const compileExpression: Compile = (source) => {
  if (typeof source === 'string' && source.startsWith('$')) return compileReference(source)
  if (Array.isArray(source)) {
    const elements = source.map(compileExpression)
    return (scope) => elements.map((element) => element(scope) ?? null)
  }
  if (!(source instanceof Doc)) return () => source
  const [first] = source.keys
  if (first?.startsWith('$') === true) return compileOperator(first, source)
  return compileObject(source)
}

function compileObject(source: Doc): Expression {
  const fields = [...source.entries()].map(([key, value]) => {
    if (key.startsWith('$')) throw unknownExpression(key)
    if (key.includes('.')) {
      throw new CommandError(16405, `FieldPath field names may not contain '.'. Consider using $getField or $setField.`)
    }
    return { key, evaluate: compileExpression(value) }
  })
  return (scope) => {
    const out = new Doc()
    for (const { key, evaluate } of fields) {
      const value = evaluate(scope)
      if (value !== undefined) out.push(key, value)
    }
    return out
  }
}

function unknownExpression(name: string): CommandError {
  return new CommandError('InvalidPipelineOperator', `Unrecognized expression '${name}'`)
}

function compileOperator(name: string, source: Doc): Expression {
  if (source.size !== 1) {
    throw new CommandError(
      15983,
      `An object representing an expression must have exactly one field: { ${source.keys.join(', ')} }`,
    )
  }
  const operand = source.values[0] ?? null
  if (name === '$literal') return () => operand
  const operator = OPERATORS.get(name)
  if (operator === undefined) throw unknownExpression(name)
  return operator(operand, compileExpression)
}

function compileReference(source: string): Expression {
  if (!source.startsWith('$$')) return compileField(source.slice(1))
  const [name = '', ...rest] = source.slice(2).split('.')
  if (name === '') throw new CommandError('FailedToParse', 'empty variable names are not allowed')
  const base = compileVariable(name)
  return rest.length === 0 ? base : (scope) => pathValue(base(scope), rest, 0)
}

function compileVariable(name: string): Expression {
  if (name === 'ROOT' || name === 'CURRENT') return (scope) => scope.variables.get('CURRENT') ?? scope.root
  if (name === 'REMOVE') return () => undefined
  if (name === 'KEEP' || name === 'PRUNE' || name === 'DESCEND') return () => new Regex(name, '')
  if (name === 'CLUSTER_TIME') {
    throw new CommandError(51144, 'Builtin variable $$CLUSTER_TIME is not available')
  }
  return (scope) => {
    const value = scope.variables.get(name)
    if (value === undefined && !scope.variables.has(name)) {
      throw new CommandError(17276, `Use of undefined variable: ${name}`)
    }
    return value
  }
}

function compileField(path: string): Expression {
  if (path === '') throw new CommandError(16872, "'$' by itself is not a valid FieldPath")
  const parts = path.split('.')
  if (parts.includes('')) throw new CommandError(15998, 'FieldPath field names may not be empty strings.')
  const [only = ''] = parts
  if (parts.length === 1) return (scope) => fieldOf(current(scope), only)
  return (scope) => pathValue(current(scope), parts, 0)
}

function current(scope: Scope): Value {
  return scope.variables.get('CURRENT') ?? scope.root
}

function fieldOf(value: Value, key: string): Value | undefined {
  return value instanceof Doc ? value.get(key) : undefined
}

/** Follows a path; an array on the way yields the array of what its elements yield. */
export function pathValue(value: Value | undefined, parts: readonly string[], at: number): Value | undefined {
  if (at === parts.length) return value
  if (value instanceof Doc) return pathValue(value.get(parts[at] ?? ''), parts, at + 1)
  if (!Array.isArray(value)) return undefined
  const found: Value[] = []
  for (const element of value) {
    if (!(element instanceof Doc) && !Array.isArray(element)) continue
    const inner = pathValue(element, parts, at)
    if (inner !== undefined) found.push(inner)
  }
  return found
}
