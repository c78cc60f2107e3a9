import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Command, Invocation } from './command.ts'
import { Fields } from './fields.ts'
import { compileQuery, effectiveCollation, resolveHint, variablesOf } from './query-options.ts'
import { isOrdered, runStatements, statementsOf } from './statements.ts'
import { findAll, findOne } from './write-documents.ts'

const STATEMENT_FIELDS = new Set(['q', 'limit', 'collation', 'hint', 'sampleId'])

export const deleteCommand: Command = {
  name: 'delete',
  writes: true,
  fields: ['deletes', 'ordered', 'stmtIds', 'let'],
  run: (invocation) => {
    const statements = statementsOf(invocation, 'deletes')
    const name = invocation.fields.collectionIn(invocation.db, 'delete')
    for (const statement of statements) checkStatement(new Fields('delete.deletes', statement))
    let n = 0
    const errors = runStatements(statements.length, isOrdered(invocation), (i) => {
      const statement = statements[i]
      if (statement !== undefined) n += runDelete(invocation, name, new Fields('delete.deletes', statement))
    })
    invocation.instance.opcounters.delete += statements.length
    invocation.instance.documents.deleted += n
    return Doc.from({ n, writeErrors: errors.length === 0 ? undefined : errors })
  },
}

function checkStatement(statement: Fields): void {
  statement.only(STATEMENT_FIELDS)
  statement.needDoc('q')
  if (!isNumeric(statement.get('limit'))) throw statement.missing('limit')
}

export function runDelete(invocation: Invocation, name: string, statement: Fields): number {
  const limit = statement.get('limit')
  const count = isNumeric(limit) ? toNumber(limit) : Number.NaN
  if (count !== 0 && count !== 1) {
    throw new CommandError('FailedToParse', `The limit field in delete objects must be 0 or 1. Got ${count}`)
  }
  const collection = invocation.instance.catalog.get(invocation.db, name)
  const collation = effectiveCollation(statement, collection)
  const query = {
    matcher: compileQuery(statement.needDoc('q'), collation, () => variablesOf(invocation.fields)),
    sort: [],
    skip: 0,
    limit: count,
    collation,
    hint: collection === undefined ? undefined : resolveHint(collection, statement.optional('hint')),
    deadlineMs: invocation.deadlineMs,
  }
  if (collection === undefined) return 0
  const found = count === 0 ? findAll(collection, query) : [findOne(collection, query)]
  let removed = 0
  for (const hit of found) {
    if (hit === undefined) continue
    collection.remove(hit)
    removed += 1
  }
  return removed
}
