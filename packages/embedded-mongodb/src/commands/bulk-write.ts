import { encodeDocument } from '../bson/encode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, Double, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Command, Invocation } from './command.ts'
import { arrayResults } from './cursors.ts'
import { runDelete } from './delete.ts'
import { Fields } from './fields.ts'
import { insertDocument } from './insert.ts'
import { isOrdered, statementsOf, writeError } from './statements.ts'
import { checkStatement, runUpdate, type UpdateTotals } from './update.ts'
import type { UpdateMemo } from './write-documents.ts'

interface Totals {
  nErrors: number
  nInserted: number
  nMatched: number
  nModified: number
  nUpserted: number
  nDeleted: number
}

interface Progress {
  totals: Totals
  memo: UpdateMemo
}

/** Writes to several collections in one command, as MongoDB 8.0 introduced it. */
export const bulkWrite: Command = {
  name: 'bulkWrite',
  writes: true,
  adminOnly: true,
  fields: ['ops', 'nsInfo', 'ordered', 'bypassDocumentValidation', 'let', 'errorsOnly', 'cursor', 'stmtIds'],
  run: (invocation) => {
    const { instance, fields } = invocation
    const operations = statementsOf(invocation, 'ops')
    const namespaces = statementsOf(invocation, 'nsInfo').map((info) => namespaceOf(info))
    const ordered = isOrdered(invocation)
    const errorsOnly = fields.bool('errorsOnly')
    const totals: Totals = { nErrors: 0, nInserted: 0, nMatched: 0, nModified: 0, nUpserted: 0, nDeleted: 0 }
    const progress: Progress = { totals, memo: {} }
    const results: Doc[] = []
    for (const [i, operation] of operations.entries()) {
      try {
        const result = runOperation(invocation, operation, namespaces, progress)
        if (!errorsOnly) results.push(itemOf(i, 1, result))
      } catch (error) {
        if (!(error instanceof CommandError)) throw error
        totals.nErrors += 1
        results.push(failedItem(i, error))
        if (ordered) break
      }
    }
    const batchSize = fields.doc('cursor')?.get('batchSize')
    const size = isNumeric(batchSize) ? toNumber(batchSize) : Number.POSITIVE_INFINITY
    const reply = instance.cursors.first(
      'admin.$cmd.bulkWrite',
      arrayResults(results.map((doc) => encodeDocument(doc))),
      size,
      false,
    )
    for (const [key, value] of Object.entries(totals)) reply.push(key, value)
    return reply
  },
}

function namespaceOf(info: Doc): { db: string; name: string } {
  const ns = new Fields('bulkWrite.nsInfo', info).needString('ns')
  const dot = ns.indexOf('.')
  if (dot <= 0) throw new CommandError('InvalidNamespace', `Invalid namespace specified for bulkWrite: '${ns}'`)
  return { db: ns.slice(0, dot), name: ns.slice(dot + 1) }
}

function itemOf(idx: number, ok: number, rest: Record<string, Value | undefined>): Doc {
  return Doc.from({ ok: new Double(ok), idx, ...rest })
}

function failedItem(idx: number, error: CommandError): Doc {
  const { keys, values } = writeError(idx, error)
  const item = itemOf(idx, 0, { n: 0 })
  for (const [i, key] of keys.entries()) if (key !== 'index') item.push(key, values[i] ?? null)
  return item
}

function runOperation(
  invocation: Invocation,
  operation: Doc,
  namespaces: readonly { db: string; name: string }[],
  progress: Progress,
): Record<string, Value | undefined> {
  const { totals } = progress
  const [kind] = operation.keys
  const position = operation.values[0]
  const namespace = isNumeric(position) ? namespaces[toNumber(position)] : undefined
  if (namespace === undefined) {
    throw new CommandError('BadValue', `BulkWrite ops entry ${kind ?? ''} has an invalid nsInfo index.`)
  }
  const scoped = { ...invocation, db: namespace.db }
  switch (kind) {
    case 'insert': {
      const document = new Fields('bulkWrite.insert', operation).needDoc('document')
      insertDocument(invocation.instance.catalog.getOrCreate(namespace.db, namespace.name), document, document)
      totals.nInserted += 1
      return { n: 1 }
    }
    case 'update':
      return updateOne(scoped, namespace.name, operation, progress)
    case 'delete': {
      const n = runDelete(scoped, namespace.name, new Fields('bulkWrite.delete', deleteStatement(operation)))
      totals.nDeleted += n
      return { n }
    }
    case undefined:
    default:
      throw new CommandError('BadValue', `Unrecognized bulkWrite operation: ${kind ?? ''}`)
  }
}

const RENAMED: Record<string, string> = { filter: 'q', updateMods: 'u', constants: 'c' }

function statementOf(operation: Doc): Doc {
  const statement = new Doc()
  for (const [key, value] of operation.entries()) {
    if (key !== 'update' && key !== 'delete') statement.push(RENAMED[key] ?? key, value)
  }
  return statement
}

function deleteStatement(operation: Doc): Doc {
  const statement = statementOf(operation)
  const multi = statement.get('multi') === true
  statement.delete('multi')
  statement.set('limit', multi ? 0 : 1)
  return statement
}

function updateOne(
  invocation: Invocation,
  name: string,
  operation: Doc,
  { totals, memo }: Progress,
): Record<string, Value | undefined> {
  const own: UpdateTotals = { n: 0, nModified: 0, upserted: [], memo }
  const statement = new Fields('bulkWrite.update', statementOf(operation))
  checkStatement(statement)
  runUpdate(invocation, name, statement, 0, own)
  const [upserted] = own.upserted
  totals.nMatched += own.n - own.upserted.length
  totals.nModified += own.nModified
  totals.nUpserted += own.upserted.length
  return {
    n: own.n,
    nModified: own.nModified,
    upserted: upserted instanceof Doc ? Doc.of('_id', upserted.get('_id') ?? null) : undefined,
  }
}
