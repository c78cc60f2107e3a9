import { compareStrings, type StringOrder, valuesEqual } from '../bson/compare.ts'
import { display } from '../bson/display.ts'
import { encodeChanged, encodeDocument } from '../bson/encode.ts'
import { newObjectId } from '../bson/object-id.ts'
import { Doc, deepCopy, isIdentical, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { Hit, Reading } from '../planner/read-plan.ts'
import { hitById, idOf } from '../query/by-id.ts'
import type { Collation } from '../query/collation.ts'
import type { Matcher } from '../query/matcher.ts'
import { planFor, type Query, runQuery } from '../query/run-query.ts'
import type { Collection } from '../storage/collection.ts'
import { parseOperatorUpdate, type Update } from '../update/parse-update.ts'
import { parsePipelineUpdate } from '../update/pipeline-update.ts'
import { parseReplacement } from '../update/replacement.ts'
import { documentFromQuery } from '../update/upsert.ts'
import { checkId, checkSize } from './insert.ts'

/** The first document that a query selects, to be changed by `update` if that is given; the common case of `_id` does not go through a plan. */
export function findOne(collection: Collection, query: Query, update?: Update): Hit | undefined {
  const id = idOf(query)
  if (id !== undefined) {
    const fieldsFor = (bytes: Buffer) =>
      update === undefined || bytes.length < LARGE_BYTES ? undefined : fieldsToChange(collection, query, update)
    return hitById(collection, query, id, fieldsFor)
  }
  for (const hit of runQuery(collection, query, planFor(collection, query), new Reading())) return hit
  return undefined
}

/** From this size on a document is changed in parts: below, telling the parts apart costs more than it saves. */
const LARGE_BYTES = 4096

/** The fields that must be decoded to find a document and to change it; undefined for all. */
function fieldsToChange(
  collection: Collection,
  { matcher }: Query,
  { touched, touchedFields }: Update,
): ReadonlySet<string> | undefined {
  if (touched === undefined || touchedFields === undefined || matcher.looksAtAll) return undefined
  const keys = collection.fieldsOfKeys(touched)
  if (keys === undefined) return undefined
  const asked = matcher.paths.map((path) => path.split('.', 1)[0] ?? path)
  return new Set(['_id', ...touchedFields, ...keys, ...asked])
}

const MAX_HELD_HITS = 1000

/** Every document that a query selects, all of them found before the first is handed out to be changed. */
export function* findAll(collection: Collection, query: Query): IterableIterator<Hit> {
  if (idOf(query) !== undefined) {
    const hit = findOne(collection, query)
    if (hit !== undefined) yield hit
    return
  }
  const found: Hit[] = []
  // Beyond the first ones only the record numbers are held; the documents are read again.
  const later: number[] = []
  for (const hit of runQuery(collection, query, planFor(collection, query), new Reading())) {
    if (found.length < MAX_HELD_HITS) found.push(hit)
    else later.push(hit.rid)
  }
  yield* found
  for (const rid of later) {
    const stored = collection.read(rid)
    if (stored !== undefined) yield new Hit(stored.rid, stored.bytes)
  }
}

export interface UpdateInput {
  update: Value
  arrayFilters: readonly Value[]
  collation: Collation | undefined
  multi: boolean
  upsert: boolean
  variables: () => ReadonlyMap<string, Value>
  memo?: UpdateMemo
}

/** Remembers the last update of a command. */
export interface UpdateMemo {
  last?: { source: Doc; update: Update }
}

/** The updates of one bulk write are often all the same, and are then parsed once. */
function operatorUpdate(source: Doc, { arrayFilters, memo }: UpdateInput, strings: StringOrder): Update {
  const isSimple = memo !== undefined && arrayFilters.length === 0 && strings === compareStrings
  if (isSimple && memo.last !== undefined && isIdentical(memo.last.source, source)) return memo.last.update
  const update = parseOperatorUpdate(source, { arrayFilters, strings })
  if (isSimple) memo.last = { source, update }
  return update
}

export function parseUpdate(input: UpdateInput): Update {
  const { update, arrayFilters } = input
  const strings = input.collation?.compare ?? compareStrings
  if (Array.isArray(update)) {
    if (arrayFilters.length > 0) {
      throw new CommandError('FailedToParse', 'Cannot specify arrayFilters for pipeline-style updates')
    }
    return parsePipelineUpdate(update, input.variables())
  }
  if (!(update instanceof Doc)) {
    throw new CommandError('FailedToParse', 'Update argument must be either an object or an array')
  }
  if (update.keys[0]?.startsWith('$') === true) return operatorUpdate(update, input, strings)
  if (input.multi) throw new CommandError('FailedToParse', 'multi update is not supported for replacement-style update')
  if (arrayFilters.length > 0) {
    throw new CommandError('FailedToParse', 'Cannot specify arrayFilters when applying a replacement-style update')
  }
  return parseReplacement(update)
}

/** Applies an update to one stored document. Returns the document as it is now, and whether anything changed. */
export function updateDocument(
  collection: Collection,
  hit: Hit,
  update: Update,
  matcher: Matcher,
): { doc: Doc; bytes: Buffer; changed: boolean } {
  const { doc } = hit
  // Changes are made in place, also within an _id that is a document.
  const id = deepCopy(doc.get('_id') ?? null)
  const position = update.needsPosition ? matcher.position(doc) : undefined
  const before = collection.keysBefore(doc, update.touched)
  const next = update.apply(doc, { position, isInsert: false })
  refuseChangedId(id, next.get('_id'), update)
  const { touchedFields } = update
  const isPart = hit.fields !== undefined && touchedFields !== undefined
  const bytes = isPart ? encodeChanged(hit.bytes, next, touchedFields) : encodeDocument(next)
  if (bytes.equals(hit.bytes)) return { doc: next, bytes, changed: false }
  checkUpdatedSize(bytes)
  collection.replace(hit, before, next, bytes)
  return { doc: next, bytes, changed: true }
}

function checkUpdatedSize(bytes: Buffer): void {
  const max = 16 * 1024 * 1024
  if (bytes.length > max) {
    throw new CommandError(17419, `Resulting document after update is larger than ${max}`)
  }
}

function refuseChangedId(before: Value | undefined, after: Value | undefined, update: Update): void {
  if (before === undefined || (after !== undefined && after === before)) return
  if (after !== undefined && valuesEqual(before, after)) return
  if (update.kind === 'operators') {
    throw new CommandError(
      'ImmutableField',
      "Performing an update on the path '_id' would modify the immutable field '_id'",
    )
  }
  throw new CommandError(
    'ImmutableField',
    `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${display(after)}`,
  )
}

/** Inserts what an upsert amounts to. Returns the new document. */
export function upsertDocument(collection: Collection, matcher: Matcher, update: Update): Doc {
  const start = documentFromQuery(matcher, update.kind === 'replacement')
  const fixedId = start.get('_id')
  const made = update.apply(start, { position: undefined, isInsert: true })
  const id = made.get('_id')
  if (fixedId !== undefined && id !== undefined && !valuesEqual(fixedId, id)) {
    throw new CommandError(
      'ImmutableField',
      update.kind !== 'operators'
        ? `After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${display(id)}`
        : "Performing an update on the path '_id' would modify the immutable field '_id'",
    )
  }
  const doc = new Doc(['_id'], [id ?? newObjectId()])
  for (const [key, value] of made.entries()) if (key !== '_id') doc.push(key, value)
  checkId(doc.values[0] ?? null)
  const bytes = encodeDocument(doc)
  checkSize(bytes)
  collection.insert(doc, bytes)
  return doc
}
