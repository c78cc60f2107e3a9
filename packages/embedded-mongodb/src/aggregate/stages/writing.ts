import { valuesEqual } from '../../bson/compare.ts'
import { display } from '../../bson/display.ts'
import { encodeDocument } from '../../bson/encode.ts'
import { newObjectId } from '../../bson/object-id.ts'
import { Doc, type Value } from '../../bson/values.ts'
import { insertDocument } from '../../commands/insert.ts'
import { CommandError } from '../../errors.ts'
import { Hit } from '../../planner/read-plan.ts'
import { compileFilter, type Matcher } from '../../query/matcher.ts'
import type { Collection } from '../../storage/collection.ts'
import { compileExpression, pathValue } from '../expression.ts'
import { mergeAll } from '../operators/objects.ts'
import { type CompileStage, type PipelineContext } from '../stage.ts'

interface Target {
  db: string
  collection: string
}

function targetOf(value: Value | undefined, context: PipelineContext, stage: string): Target {
  if (typeof value === 'string') return { db: context.db, collection: value }
  if (value instanceof Doc) {
    const collection = value.get('coll')
    const db = value.get('db') ?? context.db
    if (typeof collection === 'string' && typeof db === 'string') return { db, collection }
  }
  throw new CommandError(16990, `${stage} only supports a string or object argument`)
}

/** Replaces a collection by the results, all at once: until the last document is in, the old one stays. */
export const out: CompileStage = (operand, context) => {
  const { db, collection: name } = targetOf(operand, context, '$out')
  return function* (input) {
    const { catalog } = context.instance
    const existing = catalog.get(db, name)
    const made = catalog.create(db, `tmp.agg_out.${newObjectId().hex()}`, existing?.identity.options ?? new Doc())
    try {
      for (const index of existing?.indexes.slice(1) ?? []) made.indexes.push(catalog.makeIndex(index.spec))
      for (const doc of input) insertDocument(made, doc, doc)
    } catch (error) {
      if (error instanceof CommandError) catalog.drop(made)
      throw error
    }
    if (existing !== undefined) catalog.drop(existing)
    catalog.rename(made, db, name)
    yield* []
  }
}

type WhenMatched = 'replace' | 'keepExisting' | 'merge' | 'fail'
const WHEN_MATCHED: readonly WhenMatched[] = ['replace', 'keepExisting', 'merge', 'fail']
const WHEN_NOT_MATCHED = ['insert', 'discard', 'fail']

export const merge: CompileStage = (operand, context) => {
  const source = operand instanceof Doc ? operand : Doc.of('into', operand)
  const target = targetOf(source.get('into'), context, '$merge')
  const on = fieldsOf(source.get('on'))
  const matched = source.get('whenMatched') ?? 'merge'
  const action = WHEN_MATCHED.find((known) => known === matched)
  if (action === undefined && !Array.isArray(matched)) {
    throw new CommandError(
      'BadValue',
      `Enumeration value '${display(matched)}' for field 'whenMatched' is not a valid value.`,
    )
  }
  const unmatched = source.get('whenNotMatched') ?? 'insert'
  if (typeof unmatched !== 'string' || !WHEN_NOT_MATCHED.includes(unmatched)) {
    throw new CommandError(
      'BadValue',
      `Enumeration value '${display(unmatched)}' for field 'whenNotMatched' is not a valid value.`,
    )
  }
  const letSource = source.get('let')
  const bound = letSource instanceof Doc ? [...letSource.entries()] : []
  return function* (input) {
    const collection = context.instance.catalog.getOrCreate(target.db, target.collection)
    checkUnique(collection, on)
    // All results first: the pipeline may read the collection that it writes to.
    const results = Array.from(input)
    for (const doc of results) {
      const existing = findByFields(collection, doc, on)
      if (existing === undefined) {
        if (unmatched === 'insert') insertDocument(collection, doc, doc)
        else if (unmatched === 'fail') {
          throw new CommandError(
            13113,
            '$merge could not find a matching document in the target collection for at least one document in the source collection',
          )
        }
      } else if (action === undefined) {
        const variables = new Map(context.variables)
        variables.set('new', doc)
        const scope = { root: doc, variables }
        for (const [name, value] of bound) variables.set(name, compileExpression(value)(scope) ?? null)
        const stages = Array.isArray(matched) ? matched : []
        for (const updated of context.subPipeline(stages, { ...context, variables })([existing.doc]))
          store(collection, existing, updated)
      } else if (action === 'fail') {
        throw collection.duplicateKey(collection.idIndex, doc, collection.idIndex.encode([doc.get('_id') ?? null]))
      } else if (action === 'replace') store(collection, existing, doc)
      else if (action === 'merge') store(collection, existing, mergeAll([existing.doc, doc]))
    }
    yield* []
  }
}

function fieldsOf(value: Value | undefined): string[] {
  if (value === undefined) return ['_id']
  const list = Array.isArray(value) ? value : [value]
  return list.map((field) => {
    if (typeof field === 'string') return field
    throw new CommandError(51178, '$merge on field must be a string or an array of strings')
  })
}

function checkUnique(collection: Collection, on: readonly string[]): void {
  const isUnique = collection.indexes.some(
    ({ spec }) =>
      spec.unique &&
      spec.partial === undefined &&
      spec.fields.length === on.length &&
      spec.fields.every((field) => on.includes(field.path)),
  )
  if (!isUnique) throw new CommandError(51183, 'Cannot find index to verify that join fields will be unique')
}

function findByFields(collection: Collection, doc: Doc, on: readonly string[]): Hit | undefined {
  const [only] = on
  if (on.length === 1 && only === '_id') {
    const stored = collection.readById(doc.get('_id') ?? null)
    return stored === undefined ? undefined : new Hit(stored.rid, stored.bytes)
  }
  const filter = new Doc()
  for (const field of on) filter.push(field, Doc.of('$eq', pathValue(doc, field.split('.'), 0) ?? null))
  const matcher: Matcher = compileFilter(filter, {})
  const index = collection.indexes.find(
    ({ spec }) =>
      spec.unique && spec.fields.length === on.length && spec.fields.every((field) => on.includes(field.path)),
  )
  if (index === undefined) return undefined
  const key = index.encode(index.spec.fields.map(({ parts }) => pathValue(doc, parts, 0) ?? null))
  const rid = index.ownerOf(key)
  const stored = rid === undefined ? undefined : collection.read(rid)
  const hit = stored === undefined ? undefined : new Hit(stored.rid, stored.bytes)
  return hit !== undefined && matcher.matches(hit.doc) ? hit : undefined
}

function store(collection: Collection, existing: Hit, doc: Doc): void {
  const id = existing.doc.get('_id')
  const own = doc.get('_id')
  if (id !== undefined && own !== undefined && !valuesEqual(id, own)) {
    throw new CommandError(
      'ImmutableField',
      `$merge failed to update the matching document, did you attempt to modify the _id or the shard key? :: caused by :: After applying the update, the (immutable) field '_id' was found to have been altered to _id: ${display(own)}`,
    )
  }
  const next = doc.has('_id') || id === undefined ? doc : new Doc(['_id', ...doc.keys], [id, ...doc.values])
  const bytes = encodeDocument(next)
  if (!bytes.equals(existing.bytes)) {
    collection.replace(existing, collection.keysBefore(existing.doc, undefined), next, bytes)
  }
}
