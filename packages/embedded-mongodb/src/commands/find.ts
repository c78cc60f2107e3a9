import { compareStrings } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { parseProjection } from '../query/projection.ts'
import { type Query, queryResults } from '../query/run-query.ts'
import { parseSort } from '../query/sort.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command, Invocation } from './command.ts'
import { arrayResults } from './cursors.ts'
import { compileQuery, effectiveCollation, resolveHint, variablesOf } from './query-options.ts'

export const find: Command = {
  name: 'find',
  fields: [
    'filter',
    'sort',
    'projection',
    'hint',
    'skip',
    'limit',
    'batchSize',
    'singleBatch',
    'min',
    'max',
    'returnKey',
    'showRecordId',
    'tailable',
    'oplogReplay',
    'noCursorTimeout',
    'awaitData',
    'allowPartialResults',
    'collation',
    'allowDiskUse',
    'let',
    'ntoreturn',
  ],
  run: (invocation) => {
    const { instance, fields, db } = invocation
    const name = fields.needString('find')
    refuseUnsupported(invocation)
    instance.opcounters.query += 1
    const collection = instance.catalog.get(db, name)
    const { query, projection, variables } = parseFind(invocation, collection)
    const batchSize = fields.count('batchSize')
    const singleBatch = fields.bool('singleBatch')
    const results = collection === undefined ? arrayResults([]) : queryResults(collection, query, projection, variables)
    return instance.cursors.first(`${db}.${name}`, results, batchSize, singleBatch, fields.bool('noCursorTimeout'))
  },
}

function refuseUnsupported({ fields }: Invocation): void {
  if (fields.bool('tailable')) {
    throw new CommandError('BadValue', 'error processing query: tailable cursor requested on non capped collection')
  }
  for (const field of ['min', 'max', 'returnKey', 'showRecordId']) {
    const value = fields.optional(field)
    if (value !== undefined && value !== false) {
      throw new CommandError('NotImplemented', `find option '${field}' is not supported`)
    }
  }
}

export function parseFind(invocation: Invocation, collection: Collection | undefined) {
  const { fields, deadlineMs } = invocation
  const collation = effectiveCollation(fields, collection)
  const variables = variablesOf(fields)
  const limit = fields.optional('limit')
  const signed = isNumeric(limit) ? Math.trunc(toNumber(limit)) : 0
  if (signed < 0) throw new CommandError(51024, `BSON field 'limit' value must be >= 0, actual value '${signed}'`)
  const sortSource = fields.doc('sort')
  const natural = sortSource?.get('$natural')
  const query: Query = {
    matcher: compileQuery(fields.doc('filter'), collation, () => variables),
    sort: sortSource === undefined || natural !== undefined ? [] : parseSort(sortSource),
    skip: fields.count('skip') ?? 0,
    limit: fields.count('limit') ?? 0,
    collation,
    hint:
      collection === undefined ? undefined : resolveHint(collection, fields.optional('hint') ?? naturalHint(natural)),
    deadlineMs,
  }
  const source = fields.doc('projection')
  const projection =
    source === undefined || source.size === 0
      ? undefined
      : parseProjection(source, { isFind: true, strings: collation?.compare ?? compareStrings, variables })
  return { query, projection, variables }
}

function naturalHint(natural: ReturnType<Doc['get']>): Doc | undefined {
  return natural === undefined ? undefined : Doc.of('$natural', natural)
}
