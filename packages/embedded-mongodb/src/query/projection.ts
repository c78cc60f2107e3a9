import { checkVariables } from '../aggregate/check-variables.ts'
import { compileExpression } from '../aggregate/expression.ts'
import { checkMeta } from '../aggregate/operators/metadata.ts'
import type { Expression, Scope } from '../aggregate/scope.ts'
import { type StringOrder } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, makeDouble, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Node } from './filter.ts'
import { matches } from './match-node.ts'
import { isCondition, parseFilter, parseOperators, predicateOf } from './parse-filter.ts'

type Leaf =
  | { kind: 'include' | 'exclude' }
  | { kind: 'slice'; skip: number | undefined; limit: number }
  | { kind: 'elemMatch'; test: (element: Value) => boolean }
  | { kind: 'positional' }
  | { kind: 'expression'; evaluate: Expression }
  | { kind: 'textScore' }

interface Branch {
  kind: 'branch'
  fields: Map<string, Branch | Leaf>
}

export interface ProjectionContext {
  /** `find` knows `$slice`, `$elemMatch` and the positional operator; `$project` does not. */
  isFind: boolean
  strings: StringOrder
  variables: ReadonlyMap<string, Value>
}

export interface ProjectionInput {
  position: number | undefined
  textScore: number
  variables: ReadonlyMap<string, Value>
}

/** A parsed projection. */
export class Projection {
  readonly needsPosition: boolean
  readonly needsScore: boolean
  readonly #root: Branch
  readonly #isInclusion: boolean

  constructor(root: Branch, isInclusion: boolean, needs: { needsPosition: boolean; needsScore: boolean }) {
    this.#root = root
    this.#isInclusion = isInclusion
    this.needsPosition = needs.needsPosition
    this.needsScore = needs.needsScore
  }

  /** The fields of the document itself that are shown, where that is all: nothing is computed, and nothing picked from arrays. */
  get plainFields(): readonly string[] | undefined {
    return this.#isInclusion && isPlain(this.#root) ? [...this.#root.fields.keys()] : undefined
  }

  apply(doc: Doc, input: ProjectionInput): Doc {
    const scope = { root: doc, variables: input.variables }
    const projected = this.#isInclusion
      ? includeFields(doc, this.#root, input, scope)
      : excludeFields(doc, this.#root, input, scope)
    return projected
  }
}

const isPlain = (branch: Branch): boolean =>
  [...branch.fields.values()].every((field) => (field.kind === 'branch' ? isPlain(field) : field.kind === 'include'))

export function parseProjection(source: Doc, context: ProjectionContext): Projection {
  const root: Branch = { kind: 'branch', fields: new Map() }
  const modes = {
    include: '',
    exclude: '',
    excludesId: false,
    includesId: false,
    computed: false,
    needsPosition: false,
    needsScore: false,
  }
  for (const [path, value] of source.entries()) addPath(root, path, value, context, modes)
  const isInclusion = modes.include !== '' || (modes.exclude === '' && (modes.includesId || modes.computed))
  if (isInclusion && !modes.excludesId && !root.fields.has('_id')) root.fields.set('_id', { kind: 'include' })
  if (isInclusion && modes.excludesId) root.fields.delete('_id')
  return new Projection(root, isInclusion, modes)
}

interface Modes {
  include: string
  exclude: string
  excludesId: boolean
  includesId: boolean
  /** Holds only computed fields so far; in `find`, `$slice` alone does not decide. */
  computed: boolean
  needsPosition: boolean
  needsScore: boolean
}

function addPath(root: Branch, path: string, value: Value, context: ProjectionContext, modes: Modes): void {
  if (path === '') throw new CommandError(40352, 'FieldPath cannot be constructed with empty string')
  const parts = path.split('.')
  if (parts.at(-1) === '') throw new CommandError(40353, "FieldPath must not end with a '.'.")
  if (parts.includes('')) throw new CommandError(15998, 'FieldPath field names may not be empty strings.')
  if (context.isFind && parts.at(-1) === '$') {
    if (parts.length === 1) throw new CommandError('BadValue', "Projection cannot be '$'")
    if (modes.needsPosition)
      throw new CommandError(31276, 'Cannot specify more than one positional projection per query.')
    if (value === false || (isNumeric(value) && toNumber(value) === 0)) {
      throw new CommandError(31395, 'positional projection cannot be used with exclusion')
    }
    include(modes, path)
    modes.needsPosition = true
    put(root, parts.slice(0, -1), { kind: 'positional' }, path)
    return
  }
  if (parts.some((part) => part.startsWith('$'))) {
    throw new CommandError(
      16410,
      "FieldPath field names may not start with '$'. Consider using $getField or $setField.",
    )
  }
  const leaf = parseLeaf(path, value, context, modes)
  if (leaf !== undefined) put(root, parts, leaf, path)
  else if (value instanceof Doc) {
    for (const [key, inner] of value.entries()) addPath(root, `${path}.${key}`, inner, context, modes)
  }
}

function include(modes: Modes, path: string): void {
  if (modes.exclude !== '' && path !== '_id') {
    throw new CommandError(31253, `Cannot do inclusion on field ${path} in exclusion projection`)
  }
  if (path !== '_id') modes.include = path
  else modes.includesId = true
}

function exclude(modes: Modes, path: string): void {
  if (path === '_id') {
    modes.excludesId = true
    return
  }
  if (modes.include !== '' || modes.computed) {
    throw new CommandError(31254, `Cannot do exclusion on field ${path} in inclusion projection`)
  }
  modes.exclude = path
}

/** A leaf, or undefined for a document of nested paths. */
function parseLeaf(path: string, value: Value, context: ProjectionContext, modes: Modes): Leaf | undefined {
  if (typeof value === 'boolean' || isNumeric(value)) {
    const isIncluded = typeof value === 'boolean' ? value : toNumber(value) !== 0
    if (isIncluded) include(modes, path)
    else exclude(modes, path)
    return { kind: isIncluded ? 'include' : 'exclude' }
  }
  if (value instanceof Doc && !(value.keys[0]?.startsWith('$') ?? false)) {
    if (value.size === 0)
      throw new CommandError(51270, 'An empty sub-projection is not a valid value. Found empty object at path')
    return undefined
  }
  if (value instanceof Doc && value.size === 1) {
    const special = parseSpecial(path, value, context, modes)
    if (special !== undefined) return special
  }
  if (modes.exclude !== '') {
    throw new CommandError(31252, 'Cannot use an expression in an exclusion projection')
  }
  checkVariables(value, context.variables.keys())
  modes.computed = true
  return { kind: 'expression', evaluate: compileExpression(value) }
}

function parseSpecial(path: string, value: Doc, context: ProjectionContext, modes: Modes): Leaf | undefined {
  const [operator] = value.keys
  const operand = value.values[0] ?? null
  if (operator === '$meta') {
    checkMeta(operand)
    modes.needsScore = true
    if (!context.isFind && modes.exclude === '') modes.computed = true
    return { kind: 'textScore' }
  }
  if (!context.isFind) return undefined
  if (operator === '$elemMatch') {
    include(modes, path)
    return { kind: 'elemMatch', test: elementTest(operand, context) }
  }
  if (operator === '$slice') return parseSlice(operand)
  return undefined
}

function elementTest(operand: Value, context: ProjectionContext): (element: Value) => boolean {
  if (!(operand instanceof Doc)) {
    throw new CommandError(31274, '$elemMatch: Invalid argument, object required')
  }
  const filterContext = { strings: context.strings, expression: undefined, depth: 0 }
  if (isCondition(operand)) return predicateOf(parseOperators('', operand, filterContext))
  const filter: Node = parseFilter(operand, filterContext)
  return (element) => element instanceof Doc && matches(filter, element)
}

/** `$slice: n` and `$slice: [skip, limit]`; anything else is the expression of that name. */
function parseSlice(operand: Value): Leaf | undefined {
  if (isNumeric(operand)) return { kind: 'slice', skip: undefined, limit: Math.trunc(toNumber(operand)) }
  if (!Array.isArray(operand) || operand.length !== 2) {
    if (Array.isArray(operand) && operand.length === 3) return undefined
    throw new CommandError(28667, `Invalid $slice syntax. The given syntax did not match the find() syntax`)
  }
  const [skip, limit] = operand
  if (!isNumeric(skip)) return undefined
  if (!isNumeric(limit) || toNumber(limit) <= 0) {
    throw new CommandError(28724, 'First argument to $slice must be an array, but is of type: int')
  }
  return { kind: 'slice', skip: Math.trunc(toNumber(skip)), limit: Math.trunc(toNumber(limit)) }
}

function put(root: Branch, parts: readonly string[], leaf: Leaf, path: string): void {
  let branch = root
  for (const [i, part] of parts.entries()) {
    const existing = branch.fields.get(part)
    if (i === parts.length - 1) {
      if (existing !== undefined) throw new CommandError(31250, `Path collision at ${path}`)
      branch.fields.set(part, leaf)
    } else if (existing === undefined) {
      const made: Branch = { kind: 'branch', fields: new Map() }
      branch.fields.set(part, made)
      branch = made
    } else if (existing.kind === 'branch') branch = existing
    else {
      const rest = parts.slice(i + 1).join('.')
      throw new CommandError(31249, `Path collision at ${path} remaining portion ${rest}`)
    }
  }
}

function includeFields(doc: Doc, branch: Branch, input: ProjectionInput, scope: Scope): Doc {
  const out = new Doc()
  for (const [key, value] of doc.entries()) {
    const field = branch.fields.get(key)
    if (field === undefined) continue
    const kept = includeValue(value, field, input, scope)
    if (kept !== undefined) out.push(key, kept)
  }
  addComputed(out, branch, input, scope)
  return out
}

function includeValue(value: Value, field: Branch | Leaf, input: ProjectionInput, scope: Scope): Value | undefined {
  if (field.kind === 'branch') return includeWithin(value, field, input, scope)
  return leafValue(value, field, input)
}

function includeWithin(value: Value, branch: Branch, input: ProjectionInput, scope: Scope): Value | undefined {
  if (value instanceof Doc) return includeFields(value, branch, input, scope)
  if (!Array.isArray(value)) return hasComputed(branch) ? includeFields(new Doc(), branch, input, scope) : undefined
  const kept: Value[] = []
  for (const element of value) {
    const inner = includeWithin(element, branch, input, scope)
    if (inner !== undefined) kept.push(inner)
  }
  return kept
}

function leafValue(value: Value, leaf: Leaf, input: ProjectionInput): Value | undefined {
  switch (leaf.kind) {
    case 'include':
      return value
    case 'exclude':
    case 'expression':
    case 'textScore':
      return undefined
    case 'slice':
      return Array.isArray(value) ? slice(value, leaf.skip, leaf.limit) : value
    case 'elemMatch': {
      const found = Array.isArray(value) ? value.find((element) => leaf.test(element)) : undefined
      return found === undefined ? undefined : [found]
    }
    case 'positional': {
      if (!Array.isArray(value)) return value
      if (input.position === undefined) {
        throw new CommandError(51246, "positional operator '.$' couldn't find a matching element in the array")
      }
      const element = value[input.position]
      if (element === undefined) {
        throw new CommandError(51247, "positional operator '.$' element mismatch")
      }
      return [element]
    }
  }
}

function slice(array: Value[], skip: number | undefined, limit: number): Value[] {
  if (skip === undefined) return limit >= 0 ? array.slice(0, limit) : array.slice(limit)
  const from = skip >= 0 ? skip : Math.max(0, array.length + skip)
  return array.slice(from, from + limit)
}

function hasComputed(branch: Branch): boolean {
  for (const field of branch.fields.values()) {
    if (field.kind === 'expression' || (field.kind === 'branch' && hasComputed(field))) return true
  }
  return false
}

function addComputed(out: Doc, branch: Branch, input: ProjectionInput, scope: Scope): void {
  for (const [key, field] of branch.fields) {
    if (field.kind === 'expression') {
      const value = field.evaluate(scope)
      if (value !== undefined) out.set(key, value)
    } else if (field.kind === 'textScore') out.set(key, makeDouble(input.textScore))
    else if (field.kind === 'branch' && !out.has(key) && hasComputed(field)) {
      out.push(key, includeFields(new Doc(), field, input, scope))
    }
  }
}

function excludeFields(doc: Doc, branch: Branch, input: ProjectionInput, scope: Scope): Doc {
  const out = new Doc()
  for (const [key, value] of doc.entries()) {
    const field = branch.fields.get(key)
    const kept =
      field === undefined
        ? value
        : field.kind === 'branch'
          ? excludeWithin(value, field, input, scope)
          : leafValue(value, field, input)
    if (kept !== undefined) out.push(key, kept)
  }
  addComputed(out, branch, input, scope)
  return out
}

function excludeWithin(value: Value, branch: Branch, input: ProjectionInput, scope: Scope): Value {
  if (value instanceof Doc) return excludeFields(value, branch, input, scope)
  if (Array.isArray(value)) return value.map((element) => excludeWithin(element, branch, input, scope))
  return value
}
