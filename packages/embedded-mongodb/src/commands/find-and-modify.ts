import { compareStrings } from '../bson/compare.ts'
import { decodeDocument } from '../bson/decode.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError, inContext } from '../errors.ts'
import { type Projection, parseProjection } from '../query/projection.ts'
import type { Query } from '../query/run-query.ts'
import { parseSort } from '../query/sort.ts'
import { refuseUpsertByExpression } from '../update/upsert.ts'
import type { Command, Invocation } from './command.ts'
import { compileQuery, effectiveCollation, resolveHint, variablesOf } from './query-options.ts'
import { findOne, parseUpdate, updateDocument, upsertDocument } from './write-documents.ts'

export const findAndModify: Command = {
  name: 'findAndModify',
  aliases: ['findandmodify'],
  writes: true,
  fields: [
    'query',
    'sort',
    'remove',
    'update',
    'new',
    'fields',
    'upsert',
    'bypassDocumentValidation',
    'collation',
    'arrayFilters',
    'hint',
    'let',
    'stmtId',
  ],
  run: (invocation) => {
    const { instance, db, fields, name } = invocation
    const collectionName = fields.collectionIn(db, name)
    const remove = fields.bool('remove')
    const upsert = fields.bool('upsert')
    const source = fields.optional('update')
    checkCombination(remove, upsert, source, fields.bool('new'))
    let collection = instance.catalog.get(db, collectionName)
    const collation = effectiveCollation(fields, collection)
    const variables = variablesOf(fields)
    const sort = fields.doc('sort')
    const query: Query = {
      matcher: compileQuery(fields.doc('query'), collation, () => variables),
      sort: sort === undefined ? [] : parseSort(sort),
      skip: 0,
      limit: 1,
      collation,
      hint: collection === undefined ? undefined : resolveHint(collection, fields.optional('hint')),
      deadlineMs: invocation.deadlineMs,
    }
    const projection = projectionOf(invocation, variables)
    const show = (doc: Doc, position: number | undefined): Doc =>
      projection?.apply(doc, { position, textScore: 0, variables }) ?? doc
    const parsed =
      source === undefined
        ? undefined
        : parseUpdate({
            update: source,
            arrayFilters: fields.array('arrayFilters') ?? [],
            collation,
            multi: false,
            upsert,
            variables: () => variables,
          })
    if (upsert) refuseUpsertByExpression(query.matcher)
    return inContext('Plan executor error during findAndModify', () => {
      const hit = collection === undefined ? undefined : findOne(collection, query)
      if (collection !== undefined && hit !== undefined) {
        const position = projection?.needsPosition === true ? query.matcher.position(hit.doc) : undefined
        if (parsed === undefined) {
          const { doc } = hit
          collection.remove(hit)
          return Doc.from({ lastErrorObject: Doc.from({ n: 1 }), value: show(doc, position) })
        }
        const before = decodeDocument(hit.bytes)
        const { doc } = updateDocument(collection, hit, parsed, query.matcher)
        return Doc.from({
          lastErrorObject: Doc.from({ n: 1, updatedExisting: true }),
          value: show(fields.bool('new') ? doc : before, position),
        })
      }
      if (parsed === undefined) return Doc.from({ lastErrorObject: Doc.from({ n: 0 }), value: null })
      if (!upsert) return Doc.from({ lastErrorObject: Doc.from({ n: 0, updatedExisting: false }), value: null })
      collection ??= instance.catalog.getOrCreate(db, collectionName)
      const doc = upsertDocument(collection, query.matcher, parsed)
      return Doc.from({
        lastErrorObject: Doc.from({ n: 1, updatedExisting: false, upserted: doc.get('_id') }),
        value: fields.bool('new') ? show(doc, undefined) : null,
      })
    })
  },
}

function checkCombination(remove: boolean, upsert: boolean, update: Value | undefined, isNew: boolean): void {
  if (!remove && update === undefined) {
    throw new CommandError('FailedToParse', 'Either an update or remove=true must be specified')
  }
  if (!remove) return
  if (update !== undefined) throw new CommandError('FailedToParse', 'Cannot specify both an update and remove=true')
  if (upsert) throw new CommandError('FailedToParse', 'Cannot specify both upsert=true and remove=true')
  if (isNew) {
    throw new CommandError(
      'FailedToParse',
      "Cannot specify both new=true and remove=true; 'remove' always returns the deleted document",
    )
  }
}

function projectionOf({ fields }: Invocation, variables: ReadonlyMap<string, Value>): Projection | undefined {
  const source = fields.doc('fields')
  if (source === undefined || source.size === 0) return undefined
  return parseProjection(source, { isFind: true, strings: compareStrings, variables })
}
