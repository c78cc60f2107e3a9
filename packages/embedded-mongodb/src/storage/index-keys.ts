import { Doc, UNDEFINED, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

/** Where one field of the index has got to on its way into the document. */
interface Step {
  value: Value | undefined
  parts: readonly string[]
  at: number
  /** Set once the value came out of an array, so that an array within is taken whole. */
  leafOfArray: boolean
}

export interface Extraction {
  tuples: Value[][]
  /** For each field of the index, whether an array was met on its path. */
  multikey: boolean[]
  /** Whether at least one field of the index exists in the document. */
  present: boolean
}

/** The values under which a document appears in an index: one tuple, or one for each element of an array. */
export function extractKeys(doc: Doc, paths: readonly (readonly string[])[]): Extraction {
  const multikey = paths.map(() => false)
  const extraction: Extraction = { tuples: [], multikey, present: false }
  expand(
    paths.map((parts) => ({ value: doc, parts, at: 0, leafOfArray: false })),
    extraction,
  )
  return extraction
}

function expand(steps: Step[], out: Extraction): void {
  const reached = steps.map(descend)
  const array = sharedArray(reached, out.multikey)
  if (array === undefined) {
    out.tuples.push(reached.map((step) => step.value ?? null))
    if (reached.some((step) => step.value !== undefined)) out.present = true
    return
  }
  for (const element of array.length === 0 ? [undefined] : array) {
    expand(
      reached.map((step) => (step.value === array && !step.leafOfArray ? enter(step, element) : step)),
      out,
    )
  }
}

function enter(step: Step, element: Value | undefined): Step {
  const isLeaf = step.at === step.parts.length
  const value = element === undefined && isLeaf ? UNDEFINED : element
  return {
    value: isLeaf || value instanceof Doc ? value : undefined,
    parts: step.parts,
    at: step.at,
    leafOfArray: true,
  }
}

function descend(step: Step): Step {
  let { value, at, leafOfArray } = step
  const { parts } = step
  while (at < parts.length) {
    const part = parts[at] ?? ''
    if (value instanceof Doc) value = value.get(part)
    else if (Array.isArray(value) && /^\d+$/.test(part) && Number(part) < value.length) value = value[Number(part)]
    else break
    at += 1
    leafOfArray = false
  }
  if (at < parts.length && !Array.isArray(value)) value = undefined
  return { value, parts, at, leafOfArray }
}

function sharedArray(steps: Step[], multikey: boolean[]): Value[] | undefined {
  let shared: Value[] | undefined
  let sharedBy = ''
  for (const [i, step] of steps.entries()) {
    if (!Array.isArray(step.value) || step.leafOfArray) continue
    multikey[i] = true
    const name = step.parts[step.at - 1] ?? ''
    if (shared !== undefined && shared !== step.value) {
      throw new CommandError('CannotIndexParallelArrays', `cannot index parallel arrays [${name}] [${sharedBy}]`)
    }
    shared = step.value
    sharedBy = name
  }
  return shared
}
