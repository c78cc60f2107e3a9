import { compareValues } from '../bson/compare.ts'
import type { Bounds, Node, PathNode, Predicate } from '../query/filter.ts'
import { conjunctsOf, type Matcher } from '../query/matcher.ts'

/** Whether every document that a query matches is in a partial index. When unsure, no. */
export function impliesPartial(query: readonly Node[], partial: Matcher): boolean {
  return conjunctsOf(partial.root).every((needed) => impliesNode(query, needed))
}

function impliesNode(query: readonly Node[], needed: Node): boolean {
  if (needed.kind === 'or')
    return needed.nodes.some((inner) => conjunctsOf(inner).every((one) => impliesNode(query, one)))
  if (needed.kind !== 'path') return false
  return query.some((node) => {
    if (node.kind === 'or') return node.nodes.every((inner) => impliesNode(conjunctsOf(inner), needed))
    return node.kind === 'path' && node.path === needed.path && impliesPredicate(node, needed.predicate)
  })
}

function impliesPredicate(node: PathNode, needed: Predicate): boolean {
  const { bounds } = node.predicate
  if (bounds === undefined) return false
  if (bounds.op === 'eq') return acceptsValue(bounds.value, needed)
  if (bounds.op === 'in') return bounds.values.every((value) => acceptsValue(value, needed))
  if (needed.bounds?.op === 'exists') return bounds.op === 'exists' || bounds.op === 'prefix' || bounds.value !== null
  return impliesRange(bounds, needed.bounds)
}

function acceptsValue(value: Parameters<Predicate['test']>[0], needed: Predicate): boolean {
  if (value === null) return needed.test(null) && needed.test(undefined)
  return !Array.isArray(value) && needed.test(value)
}

function impliesRange(bounds: Bounds, needed: Bounds | undefined): boolean {
  if (needed === undefined || !('value' in bounds) || !('value' in needed)) return false
  const order = compareValues(bounds.value, needed.value)
  const isUp = (op: string): boolean => op === 'gt' || op === 'gte'
  if (needed.op === 'eq' || bounds.op === 'eq' || isUp(bounds.op) !== isUp(needed.op)) return false
  if (order === 0) return bounds.op === needed.op || needed.op.length === 3
  return isUp(needed.op) ? order > 0 : order < 0
}

/** Whether a condition can hold for a document that lacks the field; such documents are not in a sparse index. */
export function matchesMissing(predicate: Predicate): boolean {
  return predicate.test(undefined)
}
