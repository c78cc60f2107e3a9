import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { Reading } from '../planner/read-plan.ts'
import { planFor, type Query, runQuery } from '../query/run-query.ts'
import { isPosition } from '../query/traverse.ts'
import { encodeKey } from '../storage/key-string.ts'
import type { Command, Invocation } from './command.ts'
import { compileQuery, effectiveCollation, resolveHint, systemVariables } from './query-options.ts'

function queryOf(invocation: Invocation, name: string, skip: number, limit: number): Query {
  const { instance, fields, db, deadlineMs } = invocation
  const collection = instance.catalog.get(db, name)
  const collation = effectiveCollation(fields, collection)
  return {
    matcher: compileQuery(fields.doc('query'), collation, systemVariables),
    sort: [],
    skip,
    limit,
    collation,
    hint: collection === undefined ? undefined : resolveHint(collection, fields.optional('hint')),
    deadlineMs,
  }
}

export const count: Command = {
  name: 'count',
  fields: ['query', 'limit', 'skip', 'hint', 'collation', 'fields'],
  run: (invocation) => {
    const { instance, fields, db } = invocation
    const name = fields.collectionIn(db, 'count')
    const limit = fields.optional('limit')
    const most = isNumeric(limit) ? Math.abs(Math.trunc(toNumber(limit))) : 0
    const skip = fields.count('skip') ?? 0
    const query = queryOf(invocation, name, skip, most)
    const collection = instance.catalog.get(db, name)
    if (collection === undefined) return Doc.of('n', 0)
    if (query.matcher.isEmpty) {
      const total = Math.max(0, collection.totals().count - skip)
      return Doc.of('n', most === 0 ? total : Math.min(most, total))
    }
    let n = 0
    for (const _ of runQuery(collection, query, planFor(collection, query), new Reading())) n += 1
    return Doc.of('n', n)
  },
}

const MAX_DISTINCT_BYTES = 16 * 1024 * 1024

export const distinct: Command = {
  name: 'distinct',
  fields: ['key', 'query', 'collation', 'hint'],
  run: (invocation) => {
    const { instance, fields, db } = invocation
    const name = fields.collectionIn(db, 'distinct')
    const key = fields.needString('key')
    const query = queryOf(invocation, name, 0, 0)
    const collection = instance.catalog.get(db, name)
    if (collection === undefined) return Doc.from({ values: [] })
    const parts = key.split('.')
    const seen = new Set<string>()
    const values: Value[] = []
    let bytes = 0
    for (const hit of runQuery(collection, query, planFor(collection, query), new Reading())) {
      for (const value of valuesAt(hit.doc, parts, 0)) {
        const id = encodeKey([value], [false], query.collation?.fold).toString('latin1')
        if (seen.has(id)) continue
        seen.add(id)
        bytes += id.length
        if (bytes > MAX_DISTINCT_BYTES) throw new CommandError(17217, 'distinct too big, 16mb cap')
        values.push(value)
      }
    }
    return Doc.from({ values })
  },
}

function* valuesAt(value: Value | undefined, parts: readonly string[], at: number): IterableIterator<Value> {
  if (at === parts.length) {
    if (Array.isArray(value)) yield* value
    else if (value !== undefined) yield value
  } else if (value instanceof Doc) yield* valuesAt(value.get(parts[at] ?? ''), parts, at + 1)
  else if (Array.isArray(value)) {
    const part = parts[at] ?? ''
    if (isPosition(part)) yield* valuesAt(value[Number(part)], parts, at + 1)
    for (const element of value) if (element instanceof Doc) yield* valuesAt(element, parts, at)
  }
}
