import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Query } from '../query/run-query.ts'
import { parseSort } from '../query/sort.ts'
import { refuseUpsertByExpression } from '../update/upsert.ts'
import type { Command, Invocation } from './command.ts'
import { Fields } from './fields.ts'
import { compileQuery, effectiveCollation, resolveHint, variablesOf } from './query-options.ts'
import { isOrdered, runStatements, statementsOf } from './statements.ts'
import { findAll, findOne, parseUpdate, type UpdateMemo, updateDocument, upsertDocument } from './write-documents.ts'

const STATEMENT_FIELDS = new Set([
  'q',
  'u',
  'c',
  'multi',
  'upsert',
  'collation',
  'arrayFilters',
  'hint',
  'sort',
  'upsertSupplied',
  'sampleId',
])

export interface UpdateTotals {
  n: number
  nModified: number
  upserted: Value[]
  memo: UpdateMemo
}

export const update: Command = {
  name: 'update',
  writes: true,
  fields: ['updates', 'ordered', 'bypassDocumentValidation', 'stmtIds', 'let'],
  run: (invocation) => {
    const { instance } = invocation
    const statements = statementsOf(invocation, 'updates')
    const name = invocation.fields.collectionIn(invocation.db, 'update')
    for (const statement of statements) checkStatement(new Fields('update.updates', statement))
    const totals: UpdateTotals = { n: 0, nModified: 0, upserted: [], memo: {} }
    const errors = runStatements(statements.length, isOrdered(invocation), (i) => {
      const statement = statements[i]
      if (statement !== undefined) {
        runUpdate(invocation, name, new Fields('update.updates', statement), i, totals)
      }
    })
    instance.opcounters.update += statements.length
    instance.documents.updated += totals.nModified
    const { n, nModified, upserted } = totals
    return Doc.from({
      n,
      upserted: upserted.length === 0 ? undefined : upserted,
      nModified,
      writeErrors: errors.length === 0 ? undefined : errors,
    })
  },
}

/** A statement that is not even well-formed fails the whole command. */
export function checkStatement(statement: Fields): void {
  statement.only(STATEMENT_FIELDS)
  statement.needDoc('q')
  if (statement.get('u') === undefined) throw statement.missing('u')
}

export function runUpdate(
  invocation: Invocation,
  name: string,
  statement: Fields,
  position: number,
  totals: UpdateTotals,
): void {
  const { instance, db } = invocation
  const multi = statement.bool('multi')
  const upsert = statement.bool('upsert')
  const source = statement.get('u')
  if (source === undefined) throw statement.missing('u')
  let collection = instance.catalog.get(db, name)
  const collation = effectiveCollation(statement, collection)
  const variables = (): ReadonlyMap<string, Value> => variablesOf(constantsOf(invocation.fields, statement))
  const arrayFilters = statement.array('arrayFilters') ?? []
  const parsed = parseUpdate({ update: source, arrayFilters, collation, multi, upsert, variables, memo: totals.memo })
  const sort = statement.doc('sort')
  if (sort !== undefined && multi) {
    throw new CommandError('FailedToParse', 'Cannot specify sort with multi=true')
  }
  const query: Query = {
    matcher: compileQuery(statement.needDoc('q'), collation, variables),
    sort: sort === undefined ? [] : parseSort(sort),
    skip: 0,
    limit: multi ? 0 : 1,
    collation,
    hint: collection === undefined ? undefined : resolveHint(collection, statement.optional('hint')),
    deadlineMs: invocation.deadlineMs,
  }
  if (upsert) refuseUpsertByExpression(query.matcher)
  if (collection !== undefined) {
    const found = multi ? findAll(collection, query) : [findOne(collection, query, parsed)]
    let matched = false
    for (const hit of found) {
      if (hit === undefined) continue
      matched = true
      const { changed } = updateDocument(collection, hit, parsed, query.matcher)
      totals.n += 1
      if (changed) totals.nModified += 1
    }
    if (matched) return
  }
  if (!upsert) return
  collection ??= instance.catalog.getOrCreate(db, name)
  const doc = upsertDocument(collection, query.matcher, parsed)
  totals.n += 1
  totals.upserted.push(Doc.from({ index: position, _id: doc.get('_id') }))
}

/** A pipeline update may bring constants of its own. */
function constantsOf(command: Fields, statement: Fields): Fields {
  const constants = statement.doc('c')
  if (constants === undefined) return command
  const merged = command.doc('let')?.copy() ?? new Doc()
  for (const [key, value] of constants.entries()) merged.set(key, value)
  return new Fields('update', Doc.of('let', merged))
}
