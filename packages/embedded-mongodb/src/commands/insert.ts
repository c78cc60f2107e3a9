import { isEmptyTimestamp, withTimestamps } from '../bson/current-timestamp.ts'
import { decodeDocument } from '../bson/decode.ts'
import { encodeDocument } from '../bson/encode.ts'
import { newObjectId } from '../bson/object-id.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command } from './command.ts'
import { checkCount, isOrdered, MAX_DOCUMENT_BYTES, runStatements, statementsOf } from './statements.ts'

export const insert: Command = {
  name: 'insert',
  writes: true,
  fields: ['documents', 'ordered', 'bypassDocumentValidation', 'stmtIds', 'isTimeseriesNamespace'],
  run: (invocation) => {
    const { instance, fields, db, sequences } = invocation
    const name = fields.collectionIn(db, 'insert')
    const raw = sequences.get('documents')
    if (raw !== undefined) checkCount(raw.length)
    for (const bytes of raw ?? []) refuseOversized(bytes.length)
    const documents = raw ?? statementsOf(invocation, 'documents')
    const collection = instance.catalog.getOrCreate(db, name)
    let n = 0
    const errors = runStatements(documents.length, isOrdered(invocation), (i) => {
      const document = documents[i]
      if (document === undefined) return
      insertDocument(collection, document instanceof Doc ? document : decodeDocument(document), document)
      n += 1
    })
    instance.opcounters.insert += documents.length
    instance.documents.inserted += n
    return Doc.from({ n, writeErrors: errors.length === 0 ? undefined : errors })
  },
}

/** Stores a document; `_id` comes first and is made when it is missing. */
export function insertDocument(collection: Collection, doc: Doc, source: Doc | Buffer): void {
  const id = doc.get('_id')
  if (id !== undefined) checkId(id)
  const hasEmptyTimestamp = doc.values.some(isEmptyTimestamp)
  if (id !== undefined && doc.keys[0] === '_id' && source instanceof Buffer && !hasEmptyTimestamp) {
    checkSize(source)
    // The document's bytes may lie within a message; the storage copies them.
    collection.insert(doc, source)
    return
  }
  const complete = idFirst(hasEmptyTimestamp ? withTimestamps(doc) : doc, id ?? newObjectId())
  const bytes = encodeDocument(complete)
  checkSize(bytes)
  collection.insert(complete, bytes)
}

/** The server takes documents a little over the limit, so that it can name the one that breaks it. */
const MAX_RECEIVED_BYTES = MAX_DOCUMENT_BYTES + 16 * 1024

function refuseOversized(bytes: number): void {
  if (bytes <= MAX_RECEIVED_BYTES) return
  throw new CommandError(
    'BSONObjectTooLarge',
    `BSONObj size: ${bytes} (0x${bytes.toString(16).toUpperCase()}) is invalid. Size must be between 0 and ${MAX_RECEIVED_BYTES}(16MB)`,
  )
}

function idFirst(doc: Doc, id: Value): Doc {
  if (doc.keys[0] === '_id') return doc
  const out = new Doc(['_id'], [id])
  for (const [key, value] of doc.entries()) if (key !== '_id') out.push(key, value)
  return out
}

export function checkId(id: Value): void {
  const type = typeName(id)
  if (type === 'array' || type === 'regex' || type === 'undefined') {
    throw new CommandError('InvalidIdField', `The '_id' value cannot be of type ${type}`)
  }
  if (id instanceof Doc) {
    const key = id.keys.find((name) => name.startsWith('$'))
    if (key !== undefined) {
      throw new CommandError(
        'DollarPrefixedFieldName',
        `_id fields may not contain '$'-prefixed fields: ${key} is not valid for storage.`,
      )
    }
  }
}

export function checkSize(bytes: Buffer): void {
  refuseOversized(bytes.length)
  if (bytes.length > MAX_DOCUMENT_BYTES) {
    throw new CommandError(
      'BadValue',
      `object to insert too large. size in bytes: ${bytes.length}, max size: ${MAX_DOCUMENT_BYTES}`,
    )
  }
}
