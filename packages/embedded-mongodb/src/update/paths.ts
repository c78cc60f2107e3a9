import { display } from '../bson/display.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Node } from '../query/filter.ts'
import { matches } from '../query/match-node.ts'
import { isPosition } from '../query/traverse.ts'

/** What a path needs beside the document: the position that `$` stands for, and the named array filters. */
export interface PathContext {
  position: number | undefined
  arrayFilters: ReadonlyMap<string, Node>
}

/** Computes the new value at the end of a path; `undefined` means that the field is missing, or is to be removed. */
export type Change = (value: Value | undefined) => Value | undefined

const MAX_PADDING = 1_500_000

/** Applies a change at a path, in place. With `create`, missing parents come to be. */
export function changeAt(
  doc: Doc,
  parts: readonly string[],
  create: boolean,
  change: Change,
  context: PathContext,
): void {
  changeIn(doc, parts, 0, create, change, context)
}

function changeIn(
  container: Value,
  parts: readonly string[],
  at: number,
  create: boolean,
  change: Change,
  context: PathContext,
): void {
  const part = parts[at] ?? ''
  if (part.startsWith('$')) return changeElements(container, parts, at, create, change, context)
  if (container instanceof Doc) {
    const before = container.get(part)
    const next = nextValue(before, parts, at, create, change, context)
    if (next === undefined) container.delete(part)
    else if (next !== before) container.set(part, next)
    return
  }
  if (Array.isArray(container) && isPosition(part)) {
    changeElement(container, Number(part), parts, at, create, change, context)
    return
  }
  if (!create) return
  throw new CommandError(
    'PathNotViable',
    `Cannot create field '${part}' in element {${parts[at - 1] ?? ''}: ${display(container)}}`,
  )
}

function nextValue(
  before: Value | undefined,
  parts: readonly string[],
  at: number,
  create: boolean,
  change: Change,
  context: PathContext,
): Value | undefined {
  if (at === parts.length - 1) return change(before)
  const next = parts[at + 1] ?? ''
  if (before === undefined) {
    if (next.startsWith('$') && (create || next.startsWith('$['))) {
      const path = parts.slice(0, at + 1).join('.')
      throw new CommandError(
        'BadValue',
        `The path '${path}' must exist in the document in order to apply array updates.`,
      )
    }
    if (!create) return undefined
    const made = new Doc()
    changeIn(made, parts, at + 1, create, change, context)
    return made
  }
  changeIn(before, parts, at + 1, create, change, context)
  return before
}

function changeElement(
  array: Value[],
  position: number,
  parts: readonly string[],
  at: number,
  create: boolean,
  change: Change,
  context: PathContext,
): void {
  const before = array[position]
  const next = nextValue(before, parts, at, create, change, context)
  if (next === undefined) {
    // A removed element leaves null behind, so that the others keep their positions.
    if (before !== undefined) array[position] = null
    return
  }
  if (position - array.length > MAX_PADDING) {
    throw new CommandError('CannotCreateIndex', `cannot fill more than ${MAX_PADDING} elements`)
  }
  while (array.length < position) array.push(null)
  array[position] = next
}

function changeElements(
  container: Value,
  parts: readonly string[],
  at: number,
  create: boolean,
  change: Change,
  context: PathContext,
): void {
  const part = parts[at] ?? ''
  if (part === '$') {
    if (context.position === undefined) {
      throw new CommandError('BadValue', 'The positional operator did not find the match needed from the query.')
    }
    const concrete = [...parts.slice(0, at), String(context.position), ...parts.slice(at + 1)]
    return changeIn(container, concrete, at, create, change, context)
  }
  if (!Array.isArray(container)) {
    throw new CommandError(
      'BadValue',
      `Cannot apply array updates to non-array element ${parts[at - 1] ?? ''}: ${display(container)}`,
    )
  }
  const name = part.slice(2, -1)
  const filter = name === '' ? undefined : context.arrayFilters.get(name)
  for (let i = 0; i < container.length; i++) {
    const element = container[i]
    if (element === undefined || (filter !== undefined && !matches(filter, Doc.of(name, element)))) continue
    changeElement(container, i, parts, at, create, change, context)
  }
}
