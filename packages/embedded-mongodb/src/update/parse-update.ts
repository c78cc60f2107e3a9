import { compareStrings, type StringOrder } from '../bson/compare.ts'
import { display, displayDoc } from '../bson/display.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Node } from '../query/filter.ts'
import { parseFilter } from '../query/parse-filter.ts'
import { isPosition } from '../query/traverse.ts'
import { type ArrayChange, addToSet, pop, pull, pullAll, push } from './array-operators.ts'
import { changeAt, type PathContext } from './paths.ts'
import { arithmetic, bit, currentDate, extreme } from './scalar-operators.ts'

/** One operator on one path. */
interface Modification {
  operator: string
  path: string
  parts: readonly string[]
  creates: boolean
  onInsertOnly: boolean
  change: ArrayChange
  /** For `$rename`: where the value comes from. */
  from?: readonly string[]
}

export interface ApplyContext {
  position: number | undefined
  isInsert: boolean
}

/** A parsed update, applied in place to decoded documents. */
export interface Update {
  /** The paths that may change, positions written as numbers; undefined means the whole document. */
  touched: readonly string[] | undefined
  /** The document's own fields that these paths begin with. */
  touchedFields: ReadonlySet<string> | undefined
  needsPosition: boolean
  kind: 'operators' | 'replacement' | 'pipeline'
  apply(doc: Doc, context: ApplyContext): Doc
}

export interface UpdateOptions {
  arrayFilters: readonly Value[]
  strings: StringOrder
}

const OPERATORS = new Set([
  '$set',
  '$unset',
  '$inc',
  '$mul',
  '$min',
  '$max',
  '$rename',
  '$push',
  '$pull',
  '$pullAll',
  '$addToSet',
  '$pop',
  '$setOnInsert',
  '$currentDate',
  '$bit',
])

/** Parses a document of update operators. */
export function parseOperatorUpdate(update: Doc, options: UpdateOptions): Update {
  const modifications: Modification[] = []
  for (const [operator, fields] of update.entries()) {
    if (!OPERATORS.has(operator)) {
      throw new CommandError(
        'FailedToParse',
        `Unknown modifier: ${operator}. Expected a valid update modifier or pipeline-style update specified as an array`,
      )
    }
    if (!(fields instanceof Doc)) {
      throw new CommandError(
        'FailedToParse',
        `Modifiers operate on fields but we found type ${typeName(fields)} instead. For example: {$mod: {<field>: ...}} not {${operator}: ${display(fields)}}`,
      )
    }
    for (const [path, operand] of fields.entries()) addModification(modifications, operator, path, operand, options)
  }
  refuseConflicts(modifications)
  const arrayFilters = parseArrayFilters(options, modifications, update)
  if (modifications.length > 1) modifications.sort((a, b) => comparePaths(a.parts, b.parts))
  const touched = modifications.flatMap(touchedBy)
  return {
    touched,
    touchedFields: new Set(touched.map(firstOf)),
    needsPosition: modifications.some(({ parts }) => parts.includes('$')),
    kind: 'operators',
    apply: (doc, context) =>
      applyModifications(doc, modifications, { position: context.position, arrayFilters }, context.isInsert),
  }
}

function touchedBy({ parts, path, from }: Modification): string[] {
  if (from === undefined && !path.includes('$')) return [path]
  const own = parts.map((part) => (part.startsWith('$') ? '0' : part)).join('.')
  return from === undefined ? [own] : [own, from.join('.')]
}

/** New fields appear in the order of their names, numbers in numeric order. */
function comparePaths(a: readonly string[], b: readonly string[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const x = a[i] ?? ''
    const y = b[i] ?? ''
    if (x === y) continue
    if (isPosition(x) && isPosition(y)) return Number(x) - Number(y)
    return compareStrings(x, y)
  }
  return a.length - b.length
}

const firstOf = (path: string): string => path.split('.', 1)[0] ?? path

const PLAIN = /^[^.$]+$/

function parsePath(path: string): readonly string[] {
  if (PLAIN.test(path)) return [path]
  const parts = path.split('.')
  if (path === '') throw new CommandError('EmptyFieldName', 'An empty update path is not valid.')
  if (parts.includes('')) {
    throw new CommandError(
      'EmptyFieldName',
      `The update path '${path}' contains an empty field name, which is not allowed.`,
    )
  }
  if (parts[0]?.startsWith('$') === true && !/^\$(?:ref|id|db)$/.test(parts[0])) {
    if (parts[0] !== '$' && !parts[0].startsWith('$[')) {
      throw dollarPrefixed(parts[0], path)
    } else {
      throw new CommandError(
        'BadValue',
        `Cannot have positional (i.e. '${parts[0]}') element in the first position in path '${path}'`,
      )
    }
  }
  for (const part of parts.slice(1)) {
    if (part.startsWith('$') && part !== '$' && !/^\$(?:\[.*\]|ref|id|db)$/.test(part)) throw dollarPrefixed(part, path)
  }
  if (parts.filter((part) => part === '$').length > 1) {
    throw new CommandError('BadValue', `Too many positional (i.e. '$') elements found in path '${path}'`)
  }
  return parts
}

function dollarPrefixed(part: string, path: string): CommandError {
  return new CommandError(
    'DollarPrefixedFieldName',
    `The dollar ($) prefixed field '${part}' in '${path}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
  )
}

function addModification(
  modifications: Modification[],
  operator: string,
  path: string,
  operand: Value,
  options: UpdateOptions,
): void {
  const parts = parsePath(path)
  if (operator === '$rename') {
    modifications.push(rename(path, parts, operand))
    return
  }
  modifications.push({
    operator,
    path,
    parts,
    creates: !['$unset', '$pull', '$pullAll', '$pop'].includes(operator),
    onInsertOnly: operator === '$setOnInsert',
    change: changeFor(operator, path, operand, options.strings),
  })
}

function rename(path: string, parts: readonly string[], operand: Value): Modification {
  if (typeof operand !== 'string') {
    throw new CommandError('BadValue', `The 'to' field for $rename must be a string: ${path}: ${display(operand)}`)
  }
  const to = parsePath(operand)
  if (operand === path) {
    throw new CommandError(
      'BadValue',
      `The source and target field for $rename must differ: ${path}: ${display(operand)}`,
    )
  }
  for (const part of [...parts, ...to]) {
    if (part.startsWith('$'))
      throw new CommandError('BadValue', `The source field for $rename may not be dynamic: ${path}`)
  }
  if (`${operand}.`.startsWith(`${path}.`) || `${path}.`.startsWith(`${operand}.`)) {
    throw new CommandError(
      'BadValue',
      `The source and target field for $rename must not be on the same path: ${path}: ${display(operand)}`,
    )
  }
  return {
    operator: '$rename',
    path: operand,
    parts: to,
    from: parts,
    creates: true,
    onInsertOnly: false,
    change: (v) => v,
  }
}

function changeFor(operator: string, path: string, operand: Value, strings: StringOrder): ArrayChange {
  switch (operator) {
    case '$set':
    case '$setOnInsert':
      return () => operand
    case '$unset':
      return () => undefined
    case '$inc':
    case '$mul':
      return arithmetic(operator, path, operand)
    case '$min':
    case '$max':
      return extreme(operator, operand, strings)
    case '$push':
      return push(path, operand, strings)
    case '$addToSet':
      return addToSet(path, operand, strings)
    case '$pop':
      return pop(path, operand)
    case '$pull':
      return pull(operand, { strings, expression: undefined, depth: 0 })
    case '$pullAll':
      return pullAll(operand, strings)
    case '$currentDate':
      return currentDate(path, operand)
    default:
      return bit(path, operand)
  }
}

function refuseConflicts(modifications: readonly Modification[]): void {
  if (modifications.length === 1 && modifications[0]?.from === undefined) return
  if (areApart(modifications)) return
  const paths = modifications.flatMap(({ parts, from }) => (from === undefined ? [parts] : [from, parts]))
  const known = new Set<string>()
  const parents = new Set<string>()
  for (const parts of paths) {
    const path = parts.join('.')
    for (let i = 1; i <= parts.length; i++) {
      const prefix = parts.slice(0, i).join('.')
      if (known.has(prefix)) throw conflict(path, prefix)
    }
    if (parents.has(path)) throw conflict(path, path)
    known.add(path)
    for (let i = 1; i < parts.length; i++) parents.add(parts.slice(0, i).join('.'))
  }
}

/** The common case, told without putting paths together: different fields at the top level. */
function areApart(modifications: readonly Modification[]): boolean {
  if (modifications.length > MAX_PAIRWISE) return false
  for (let i = 0; i < modifications.length; i++) {
    const one = modifications[i]
    if (one === undefined || one.parts.length > 1 || one.from !== undefined) return false
    for (let j = 0; j < i; j++) if (modifications[j]?.path === one.path) return false
  }
  return true
}

/** Beyond this many modifications comparing each with each is no longer the quicker way. */
const MAX_PAIRWISE = 16

function conflict(path: string, at: string): CommandError {
  return new CommandError(
    'ConflictingUpdateOperators',
    `Updating the path '${path}' would create a conflict at '${at}'`,
  )
}

const NO_FILTERS: ReadonlyMap<string, Node> = new Map()

function parseArrayFilters(
  options: UpdateOptions,
  modifications: readonly Modification[],
  update: Doc,
): ReadonlyMap<string, Node> {
  if (options.arrayFilters.length === 0 && !modifications.some(({ path }) => path.includes('$['))) return NO_FILTERS
  const filters = new Map<string, Node>()
  for (const filter of options.arrayFilters) {
    if (!(filter instanceof Doc)) throw new CommandError('TypeMismatch', 'arrayFilters must be documents')
    const name = identifierOf(filter)
    if (filters.has(name)) {
      throw new CommandError('FailedToParse', `Found multiple array filters with the same top-level field name ${name}`)
    }
    filters.set(name, parseFilter(filter, { strings: options.strings, expression: undefined, depth: 0 }))
  }
  const used = new Set<string>()
  for (const { path, parts } of modifications) {
    for (const part of parts) {
      if (!part.startsWith('$[') || part === '$[]') continue
      const name = part.slice(2, -1)
      if (!filters.has(name)) {
        throw new CommandError('BadValue', `No array filter found for identifier '${name}' in path '${path}'`)
      }
      used.add(name)
    }
  }
  for (const name of filters.keys()) {
    if (!used.has(name)) {
      throw new CommandError(
        'FailedToParse',
        `The array filter for identifier '${name}' was not used in the update ${displayDoc(update)}`,
      )
    }
  }
  return filters
}

function identifierOf(filter: Doc): string {
  const names = new Set<string>()
  collectIdentifiers(filter, names)
  const [name] = names
  if (name === undefined) {
    throw new CommandError('FailedToParse', 'Cannot use an expression without a top-level field name in arrayFilters')
  }
  if (names.size > 1) {
    throw new CommandError(
      'FailedToParse',
      `Error parsing array filter :: caused by :: Expected a single top-level field name, found '${[...names].join("' and '")}'`,
    )
  }
  if (!/^[a-z][a-zA-Z0-9]*$/.test(name)) {
    throw new CommandError(
      'BadValue',
      `Error parsing array filter :: caused by :: The top-level field name must be an alphanumeric string beginning with a lowercase letter, found '${name}'`,
    )
  }
  return name
}

function collectIdentifiers(filter: Doc, names: Set<string>): void {
  for (const [key, value] of filter.entries()) {
    if (!key.startsWith('$')) names.add(key.split('.')[0] ?? '')
    else if (Array.isArray(value)) for (const inner of value) if (inner instanceof Doc) collectIdentifiers(inner, names)
  }
}

function applyModifications(
  doc: Doc,
  modifications: readonly Modification[],
  context: PathContext,
  isInsert: boolean,
): Doc {
  const id = doc.get('_id')
  for (const { parts, creates, change, onInsertOnly, from } of modifications) {
    if (onInsertOnly && !isInsert) continue
    if (from !== undefined) applyRename(doc, from, parts, context)
    else changeAt(doc, parts, creates, (value) => change(value, id), context)
  }
  return doc
}

function applyRename(doc: Doc, from: readonly string[], to: readonly string[], context: PathContext): void {
  let moved: Value | undefined
  refuseArrays(doc, from, 'source')
  refuseArrays(doc, to, 'destination')
  changeAt(
    doc,
    from,
    false,
    (value) => {
      moved = value
      return undefined
    },
    context,
  )
  const value = moved
  if (value !== undefined) changeAt(doc, to, true, () => value, context)
}

function refuseArrays(doc: Doc, parts: readonly string[], role: string): void {
  let value: Value | undefined = doc
  for (const part of parts.slice(0, -1)) {
    value = value instanceof Doc ? value.get(part) : undefined
    if (Array.isArray(value)) {
      throw new CommandError(
        'BadValue',
        `The ${role} field cannot be an array element, '${parts.join('.')}' in doc with _id: ${display(doc.get('_id'))} has an array field called '${part}'`,
      )
    }
  }
}
