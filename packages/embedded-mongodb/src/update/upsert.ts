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
    if (seen.has(path)) throw new CommandError(54, `cannot infer query fields to set, path '${path}' is matched twice`)
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
      if (bounds?.op === 'eq') yield { path: node.path, parts: node.parts, value: bounds.value }
    }
  }
}
