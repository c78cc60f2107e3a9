import { compareStrings } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc } from '../bson/values.ts'
import { CommandError, inContext } from '../errors.ts'
import { AFTER_ALL, BEFORE_ALL } from '../planner/key-ranges.ts'
import type { Hint } from '../planner/plan.ts'
import { parseProjection } from '../query/projection.ts'
import { type Query, queryResults } from '../query/run-query.ts'
import { parseSort } from '../query/sort.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command, Invocation } from './command.ts'
import { arrayResults } from './cursors.ts'
import type { Fields } from './fields.ts'
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
    const name = fields.collectionIn(db, 'find')
    refuseUnsupported(invocation)
    instance.opcounters.query += 1
    const collection = instance.catalog.get(db, name)
    const { query, projection, variables } = parseFind(invocation, collection)
    const batchSize = fields.count('batchSize')
    const singleBatch = fields.bool('singleBatch')
    const shown = { showRecordId: fields.bool('showRecordId'), returnKey: fields.bool('returnKey') }
    return inContext(`Executor error during find command: ${db}.${name}`, () => {
      const results =
        collection === undefined ? arrayResults([]) : queryResults(collection, query, projection, variables, shown)
      return instance.cursors.first(`${db}.${name}`, results, batchSize, singleBatch, fields.bool('noCursorTimeout'))
    })
  },
}

function refuseUnsupported({ fields }: Invocation): void {
  if (fields.bool('tailable')) {
    throw new CommandError('BadValue', 'error processing query: tailable cursor requested on non capped collection')
  }
  if (fields.bool('awaitData')) {
    throw new CommandError('FailedToParse', "Cannot set 'awaitData' without also setting 'tailable'")
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
  query.keyBounds = keyBoundsOf(fields, query.hint)
  if (query.matcher.text === undefined && query.sort.some(({ textScore }) => textScore)) throw noTextScore()
  const source = fields.doc('projection')
  const projection =
    source === undefined || source.size === 0
      ? undefined
      : parseProjection(source, { isFind: true, strings: collation?.compare ?? compareStrings, variables })
  if (projection?.needsScore === true && query.matcher.text === undefined) throw noTextScore()
  return { query, projection, variables }
}

function noTextScore(): CommandError {
  return new CommandError(40218, 'query requires text score metadata, but it is not available')
}

/** `min` and `max` name the keys of the hinted index between which the results lie; the upper one is left out. */
function keyBoundsOf(fields: Fields, hint: Hint | undefined): Query['keyBounds'] {
  const min = fields.doc('min')
  const max = fields.doc('max')
  if (min === undefined && max === undefined) return undefined
  if (fields.optional('hint') === undefined) {
    throw new CommandError(51173, 'When using min()/max() a hint of which index to use must be provided')
  }
  if (hint?.kind !== 'index') return undefined
  const { index } = hint
  const keyOf = (bound: Doc | undefined, otherwise: Buffer): Buffer => {
    if (bound === undefined) return otherwise
    if (bound.size !== index.spec.fields.length || index.spec.fields.some(({ path }, i) => bound.keys[i] !== path)) {
      throw new CommandError(51174, 'The index chosen is not compatible with min/max')
    }
    return index.encode(bound.values)
  }
  return { low: keyOf(min, BEFORE_ALL), high: keyOf(max, AFTER_ALL) }
}

function naturalHint(natural: ReturnType<Doc['get']>): Doc | undefined {
  return natural === undefined ? undefined : Doc.of('$natural', natural)
}
