import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Node } from '../query/filter.ts'
import type { Matcher } from '../query/matcher.ts'
import { changeAt } from './paths.ts'

/** The document that an upsert starts from: what the query fixes by equality. */
export function documentFromQuery(matcher: Matcher, idOnly: boolean): Doc {
  const doc = new Doc()
  const seen = new Set<string>()
  for (const { path, parts, value } of equalities(matcher.conjuncts)) {
    if (idOnly && path !== '_id') continue
    if (seen.has(path)) {
      throw new CommandError('NotSingleValueField', `cannot infer query fields to set, path '${path}' is matched twice`)
    }
    for (const other of seen) {
      if (!`${other}.`.startsWith(`${path}.`) && !`${path}.`.startsWith(`${other}.`)) continue
      throw new CommandError(
        'NotSingleValueField',
        `cannot infer query fields to set, both paths '${path}' and '${other}' are matched`,
      )
    }
    seen.add(path)
    changeAt(doc, parts, true, () => value, { position: undefined, arrayFilters: new Map() })
  }
  return doc
}

function* equalities(
  nodes: readonly Node[],
): IterableIterator<{ path: string; parts: readonly string[]; value: Value }> {
  for (const node of nodes) {
    if (node.kind === 'or' && node.nodes.length === 1) yield* equalities(node.nodes)
    else if (node.kind === 'and') yield* equalities(node.nodes)
    else if (node.kind === 'path') {
      const { bounds } = node.predicate
      const [only] = bounds?.op === 'in' ? bounds.values : bounds?.op === 'eq' ? [bounds.value] : []
      if (only !== undefined && (bounds?.op === 'eq' || (bounds?.op === 'in' && bounds.values.length === 1))) {
        yield { path: node.path, parts: node.parts, value: only }
      }
    }
  }
}

/** What an expression selects cannot be turned into a document to insert. */
export function refuseUpsertByExpression(matcher: Matcher): void {
  if (holdsExpression(matcher.root)) {
    throw new CommandError('QueryFeatureNotAllowed', '$expr is not allowed in the query predicate for an upsert')
  }
}

function holdsExpression(node: Node): boolean {
  if ('nodes' in node) return node.nodes.some(holdsExpression)
  return node.kind === 'not' ? holdsExpression(node.node) : node.kind === 'expr'
}
