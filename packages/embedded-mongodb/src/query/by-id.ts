import type { Value } from '../bson/values.ts'
import { Hit } from '../planner/read-plan.ts'
import type { Collection } from '../storage/collection.ts'
import type { Matcher } from './matcher.ts'
import type { Query } from './run-query.ts'

/** The `_id` that a query asks for by equality, when one look-up finds it. */
export function idOf({ matcher, hint, collation, skip }: Omit<Query, 'deadlineMs'>): Value | undefined {
  if (hint !== undefined || skip > 0) return undefined
  const id = idIn(matcher)
  return collation !== undefined && typeof id !== 'number' ? undefined : id
}

function idIn(matcher: Matcher): Value | undefined {
  for (const node of matcher.conjuncts) {
    if (node.kind !== 'path' || node.path !== '_id') continue
    const { bounds } = node.predicate
    if (bounds?.op === 'eq' && bounds.value !== null && !Array.isArray(bounds.value)) return bounds.value
  }
  return undefined
}

/** The document with this `_id`, if the query's other conditions hold for it. `fieldsFor` names the fields to decode; all without. */
export function hitById(
  collection: Collection,
  query: Query,
  id: Value,
  fieldsFor: (bytes: Buffer) => ReadonlySet<string> | undefined = () => undefined,
): Hit | undefined {
  const stored = collection.readById(id)
  if (stored === undefined) return undefined
  const hit = new Hit(stored.rid, stored.bytes, fieldsFor(stored.bytes))
  hit.index = collection.idIndex
  return query.matcher.conjuncts.length === 1 || query.matcher.matches(hit.doc) ? hit : undefined
}
