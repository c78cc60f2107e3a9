import { isNumeric, toNumber } from '../bson/numbers.ts'
import { DateTime, Doc, ObjectId, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { sameCollation } from '../query/collation.ts'
import type { Node, Predicate } from '../query/filter.ts'
import { conjunctsOf } from '../query/matcher.ts'
import type { SortField } from '../query/sort.ts'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { estimate } from './estimate.ts'
import { impliesPartial, matchesMissing } from './implied.ts'
import { AFTER_ALL, after, BEFORE_ALL, componentOf, type KeyRange, MAX_POINTS } from './key-ranges.ts'
import type { Plan, PlanRequest } from './plan.ts'

type IndexPlan = Extract<Plan, { kind: 'index' }>

/** Picks how to find the documents: an index that the conditions or the sort can use, else the whole collection. */
export function choosePlan(collection: Collection, request: PlanRequest): Plan {
  const conjuncts = request.matcher.conjuncts
  if (request.matcher.text !== undefined) return textPlan(collection, request)
  if (request.hint?.kind === 'natural')
    return { kind: 'scan', reverse: request.hint.reverse, sorted: request.sort.length === 0 }
  if (conjuncts.some((node) => node.kind === 'always' && !node.value)) return { kind: 'nothing', sorted: true }
  if (request.hint !== undefined) return hinted(request.hint.index, conjuncts, request)
  const candidates: IndexPlan[] = []
  for (const index of collection.indexes) {
    const plan = indexPlan(index, conjuncts, request)
    if (plan === undefined) continue
    if (isExact(plan)) return plan
    if (plan.bounded || (plan.sorted && request.sort.length > 0)) candidates.push(plan)
  }
  const union = candidates.some((plan) => plan.bounded) ? undefined : unionPlan(collection, conjuncts, request)
  if (union !== undefined) return union
  const best = cheapest(collection, candidates, request)
  return best ?? { kind: 'scan', reverse: false, sorted: request.sort.length === 0 }
}

function hinted(index: IndexTable, conjuncts: readonly Node[], request: PlanRequest): Plan {
  const plan = indexPlan(index, conjuncts, request)
  if (plan !== undefined) return plan
  const whole = [{ low: BEFORE_ALL, high: AFTER_ALL, fixedBytes: 0 }]
  return {
    kind: 'index',
    index,
    ranges: whole,
    reverse: false,
    sorted: request.sort.length === 0,
    bounded: false,
    exact: false,
    merged: false,
    covers: false,
    boundFields: 0,
  }
}

/** Each key leads to one document at most. */
function isExact(plan: IndexPlan): boolean {
  return plan.index.spec.unique && plan.bounded && plan.exact && (plan.sorted || plan.ranges.length === 1)
}

function textPlan(collection: Collection, request: PlanRequest): Plan {
  const index = collection.indexes.find((candidate) => candidate.spec.textWeights !== undefined)
  const search = request.matcher.text
  if (index === undefined || search === undefined) {
    throw new CommandError('IndexNotFound', 'text index required for $text query')
  }
  return { kind: 'text', index, search, sorted: false }
}

function unionPlan(collection: Collection, conjuncts: readonly Node[], request: PlanRequest): Plan | undefined {
  for (const node of conjuncts) {
    if (node.kind !== 'or') continue
    const plans: Plan[] = []
    for (const branch of node.nodes) {
      const own = [...conjunctsOf(branch), ...conjuncts.filter((other) => other !== node)]
      const plan = bestBounded(collection, own, request)
      if (plan === undefined) break
      plans.push(plan)
    }
    if (plans.length === node.nodes.length) return { kind: 'union', plans, sorted: false }
  }
  return undefined
}

function bestBounded(collection: Collection, conjuncts: readonly Node[], request: PlanRequest): Plan | undefined {
  const unsorted = { ...request, sort: [] }
  const plans = collection.indexes
    .map((index) => indexPlan(index, conjuncts, unsorted))
    .filter((plan) => plan?.bounded === true)
    .filter((plan) => plan !== undefined)
  return cheapest(collection, plans, unsorted)
}

function cheapest(collection: Collection, plans: IndexPlan[], request: PlanRequest): IndexPlan | undefined {
  if (plans.length < 2) return plans[0]
  let best: IndexPlan | undefined
  let least = Number.POSITIVE_INFINITY
  for (const plan of plans) {
    const rows = plan.bounded ? estimate(collection, plan) : Number.MAX_SAFE_INTEGER
    const wanted = plan.sorted && request.limit > 0 && plan.bounded ? Math.min(rows, request.limit * 4) : rows
    const cost = plan.sorted ? wanted : rows * 2
    // Of two that may stop early, the one that leaves less to be filtered stops earlier.
    if (cost < least || (cost === least && best !== undefined && plan.boundFields > best.boundFields)) {
      least = cost
      best = plan
    }
  }
  return best
}

function predicatesAt(path: string, conjuncts: readonly Node[], multikey: boolean): Predicate[] {
  const found: Predicate[] = []
  for (const node of conjuncts) {
    if (node.kind !== 'path') continue
    if (node.path === path) {
      const { element } = node.predicate
      // Conditions on one element narrow each other even when the index holds many elements: take one of them.
      if (element?.predicates !== undefined) found.push(...element.predicates.slice(0, multikey ? 1 : undefined))
      else found.push(node.predicate)
    } else if (node.predicate.element?.filter !== undefined && path.startsWith(`${node.path}.`)) {
      const inner = path.slice(node.path.length + 1)
      found.push(...predicatesAt(inner, conjunctsOf(node.predicate.element.filter), multikey))
    }
  }
  return found
}

function indexPlan(index: IndexTable, conjuncts: readonly Node[], request: PlanRequest): IndexPlan | undefined {
  const { spec } = index
  if (spec.hidden || spec.textWeights !== undefined) return undefined
  if (spec.partial !== undefined && !impliesPartial(conjuncts, spec.partial)) return undefined
  const sameStrings = sameCollation(spec.collation, request.collation)
  let prefixes: Buffer[] = [BEFORE_ALL]
  let ranges: KeyRange[] | undefined
  let points = 0
  let excludesMissing = false
  const fixed = new Set<string>()
  const listed = new Set<string>()
  let firstList = Number.POSITIVE_INFINITY
  let decided = 0
  for (const [i, field] of spec.fields.entries()) {
    if (sharesArray(index, i, points)) break
    const predicates = predicatesAt(field.path, conjuncts, index.multikey[i] === true)
    const usable = predicates.filter((predicate) => isUsable(predicate, sameStrings, spec.collation !== undefined))
    if (usable.some((predicate) => !matchesMissing(predicate))) excludesMissing = true
    const component = componentOf(usable, field, index.multikey[i] === true, spec.collation?.fold)
    if (component === undefined) break
    const isDecided =
      index.multikey[i] !== true &&
      predicates.length === conjuncts.filter((node) => isPlainAt(field.path, node)).length &&
      decidesAll(predicates, component.kind)
    if (component.kind === 'points') {
      if (prefixes.length * component.keys.length > MAX_POINTS) break
      prefixes = prefixes.flatMap((prefix) => component.keys.map((key) => Buffer.concat([prefix, key])))
      points += 1
      if (isDecided) decided += predicates.length
      if (index.multikey[i] !== true) {
        if (component.keys.length === 1) fixed.add(field.path)
        listed.add(field.path)
      }
      if (component.keys.length > 1) firstList = Math.min(firstList, i)
      continue
    }
    const { low, high } = component
    if (isDecided) decided += predicates.length
    ranges = prefixes.map((prefix) => ({
      low: Buffer.concat([prefix, low]),
      high: Buffer.concat([prefix, high]),
      fixedBytes: prefix.length,
    }))
    break
  }
  if (spec.sparse && !excludesMissing) return undefined
  const boundFields = ranges === undefined ? points : points + 1
  const bounded = boundFields > 0
  ranges ??= prefixes.map((prefix) => ({
    low: prefix,
    high: prefix.length === 0 ? AFTER_ALL : after(prefix),
    fixedBytes: prefix.length,
  }))
  const plainStrings = sameStrings && spec.collation === undefined
  const inOrder = sortOrder(index, points, fixed, request.sort, plainStrings)
  const isWalk =
    inOrder !== undefined && (request.sort.length === 0 || ranges.length === 1 || inOrder.start <= firstList)
  // Each of several values begins a run that is in order by what follows; the runs are merged.
  const merging =
    isWalk || ranges.length > MAX_MERGED ? undefined : sortOrder(index, points, listed, request.sort, plainStrings)
  const order = (isWalk ? inOrder : merging)?.direction
  const sorted = order !== undefined
  const ascending = ranges.toSorted((a, b) => Buffer.compare(a.low, b.low))
  return {
    kind: 'index',
    index,
    ranges: ascending.filter(({ low, high }) => Buffer.compare(low, high) < 0),
    reverse: sorted && order === 'reverse',
    sorted,
    bounded,
    exact: points === spec.fields.length,
    merged: sorted && !isWalk,
    covers: plainStrings && decided === conjuncts.length,
    boundFields,
  }
}

/** Conditions on two fields of one array may be met by different elements, which no single key shows. */
function sharesArray(index: IndexTable, at: number, used: number): boolean {
  if (index.multikey[at] !== true) return false
  const root = index.spec.fields[at]?.parts[0]
  return index.spec.fields.slice(0, used).some((field, i) => index.multikey[i] === true && field.parts[0] === root)
}

/** Whether the key bytes decide the condition: not when strings are folded another way than the query compares them. */
function isUsable(predicate: Predicate, sameStrings: boolean, folded: boolean): boolean {
  const { bounds } = predicate
  if (bounds === undefined || bounds.op === 'exists') return bounds !== undefined
  if (bounds.op === 'prefix') return sameStrings && !folded
  const values = bounds.op === 'in' ? bounds.values : [bounds.value]
  const hasStrings = values.some(holdsString)
  if (!hasStrings) return true
  return sameStrings && (!folded || bounds.op === 'eq' || bounds.op === 'in')
}

function holdsString(value: Value): boolean {
  return typeof value === 'string' || value instanceof Doc || Array.isArray(value)
}

/** A condition on the value itself, and not on an element of it. */
function isPlainAt(path: string, node: Node): boolean {
  return node.kind === 'path' && node.path === path && node.predicate.element === undefined
}

/** Whether the keys of a component are exactly those of the values for which the conditions hold. */
function decidesAll(predicates: readonly Predicate[], kind: 'points' | 'range'): boolean {
  if (kind === 'points') {
    const [only] = predicates
    if (predicates.length !== 1 || only === undefined || only.element !== undefined) return false
    if (only.bounds?.op === 'eq') return isScalar(only.bounds.value)
    return only.bounds?.op === 'in' && only.bounds.values.every(isScalar)
  }
  // NaN lies below every number, but is not less than any: a range needs a lower bound to leave it out.
  let hasLower = false
  for (const { bounds } of predicates) {
    if (bounds === undefined || !('value' in bounds) || bounds.op === 'eq' || !isScalar(bounds.value)) return false
    if (isNumeric(bounds.value) && Number.isNaN(toNumber(bounds.value))) return false
    if (bounds.op === 'gt' || bounds.op === 'gte') hasLower = true
  }
  return hasLower
}

function isScalar(value: Value): boolean {
  if (isNumeric(value) || typeof value === 'string' || typeof value === 'boolean') return true
  return value instanceof ObjectId || value instanceof DateTime
}

/** How many ranges are merged into one order at most. */
const MAX_MERGED = 100

interface Order {
  direction: 'forward' | 'reverse'
  /** The position in the index of the first field that the sort goes by. */
  start: number
}

/** Whether walking the index yields the wanted order, and in which direction; undefined when it does not. */
function sortOrder(
  index: IndexTable,
  points: number,
  fixed: ReadonlySet<string>,
  sort: readonly SortField[],
  plainStrings: boolean,
): Order | undefined {
  if (sort.length === 0) return { direction: 'forward', start: 0 }
  if (!plainStrings) return undefined
  const { fields } = index.spec
  let at = 0
  let start: number | undefined
  while (at < points && fixed.has(fields[at]?.path ?? '') && fields[at]?.path !== sort[0]?.path) at++
  let direction: 'forward' | 'reverse' | undefined
  for (const wanted of sort) {
    if (wanted.textScore) return undefined
    let field = fields[at]
    while (field !== undefined && field.path !== wanted.path && fixed.has(field.path)) field = fields[++at]
    if (field?.path !== wanted.path) {
      if (fixed.has(wanted.path)) continue
      return undefined
    }
    if (index.multikey[at] === true) return undefined
    const own = field.descending === wanted.descending ? 'forward' : 'reverse'
    if (!fixed.has(wanted.path)) {
      if (direction !== undefined && direction !== own) return undefined
      direction = own
    }
    start ??= at
    at += 1
  }
  return { direction: direction ?? 'forward', start: start ?? 0 }
}
