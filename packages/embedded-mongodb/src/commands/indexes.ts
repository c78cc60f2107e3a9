import { compareValues } from '../bson/compare.ts'
import { decodeDocument } from '../bson/decode.ts'
import { display, displayDoc } from '../bson/display.ts'
import { encodeDocument } from '../bson/encode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError, type ErrorName } from '../errors.ts'
import { Reading, readPlan } from '../planner/read-plan.ts'
import { parseCollation, sameCollation } from '../query/collation.ts'
import type { Catalog } from '../storage/catalog.ts'
import type { Collection } from '../storage/collection.ts'
import type { IndexSpec } from '../storage/index-spec.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { parseIndexSpec } from '../storage/parse-index-spec.ts'
import type { Command } from './command.ts'
import { arrayResults } from './cursors.ts'

const MAX_INDEXES = 64

export const createIndexes: Command = {
  name: 'createIndexes',
  writes: true,
  fields: ['indexes', 'commitQuorum', 'ignoreUnknownIndexOptions'],
  run: ({ instance, fields, db }) => {
    const name = fields.collectionIn(db, 'createIndexes')
    const sources = fields.docs('indexes')
    if (sources === undefined) throw fields.missing('indexes')
    if (sources.length === 0) throw new CommandError('BadValue', 'Must specify at least one index to create')
    const existing = instance.catalog.get(db, name)
    const specs = sources.map((source) => specOf(normalize(source, existing)))
    const collection = instance.catalog.getOrCreate(db, name)
    const before = collection.indexes.length
    for (const spec of specs) addIndex(instance.catalog, collection, spec)
    const after = collection.indexes.length
    return Doc.from({
      numIndexesBefore: before,
      numIndexesAfter: after,
      createdCollectionAutomatically: before === after ? undefined : existing === undefined,
      note: before === after ? 'all indexes already exist' : undefined,
    })
  },
}

/** Options of the index on `_id` are wrong whatever their values. */
function specOf(source: Doc): IndexSpec {
  const key = source.get('key')
  if (key instanceof Doc && key.size === 1 && key.has('_id') && source.has('expireAfterSeconds')) {
    throw new CommandError(
      'InvalidIndexSpecificationOption',
      `The field 'expireAfterSeconds' is not valid for an _id index specification. Specification: ${displayDoc(source)}`,
    )
  }
  return parseIndexSpec(source)
}

/** The stored form: version first, and the collation of the collection unless another is asked for. */
function normalize(source: Doc, collection: Collection | undefined): Doc {
  const out = Doc.of('v', 2)
  for (const [key, value] of source.entries()) {
    if (key === 'v' || key === 'ns' || key === 'background') continue
    if ((key === 'unique' || key === 'sparse' || key === 'hidden') && isNumeric(value))
      out.set(key, toNumber(value) !== 0)
    else out.set(key, value)
  }
  const collation = out.has('collation') ? parseCollation(out.get('collation')) : collection?.identity.collation
  if (collation === undefined) out.delete('collation')
  else out.set('collation', collation.source)
  if ([...out.entries()].some(([, value]) => value instanceof Doc && value.values.includes('text'))) addTextOptions(out)
  return out
}

function addTextOptions(spec: Doc): void {
  const key = spec.get('key')
  if (!(key instanceof Doc)) return
  const given = spec.get('weights')
  const weights = given instanceof Doc ? given.copy() : new Doc()
  const stored = new Doc()
  for (const [path, kind] of key.entries()) {
    if (kind !== 'text') stored.push(path, kind)
    else {
      if (!stored.has('_fts')) {
        stored.push('_fts', 'text')
        stored.push('_ftsx', 1)
      }
      if (!weights.has(path)) weights.push(path, 1)
    }
  }
  spec.set('key', stored)
  spec.set('weights', weights)
  if (!spec.has('default_language')) spec.set('default_language', 'english')
  if (!spec.has('language_override')) spec.set('language_override', 'language')
  spec.set('textIndexVersion', 3)
}

function addIndex(catalog: Catalog, collection: Collection, spec: IndexSpec): void {
  if (isExisting(collection, spec)) return
  if (collection.indexes.length >= MAX_INDEXES) {
    throw new CommandError(
      'CannotCreateIndex',
      `add index fails, too many indexes for ${collection.ns} key:${displayDoc(spec.keyPattern)}`,
    )
  }
  const otherText = collection.indexes.find((index) => index.spec.textWeights !== undefined)
  if (spec.textWeights !== undefined && otherText !== undefined) {
    throw new CommandError(
      'CannotCreateIndex',
      `only one text index per collection allowed, found existing text index "${otherText.spec.name}"`,
    )
  }
  const index = catalog.makeIndex(spec)
  try {
    fillIndex(collection, index)
  } catch (error) {
    if (error instanceof CommandError) catalog.discard(index)
    throw error
  }
  collection.indexes.push(index)
  catalog.describe(collection)
}

function fillIndex(collection: Collection, index: IndexTable): void {
  for (const hit of readPlan(collection, { kind: 'scan', reverse: false, sorted: true }, new Reading(), 0)) {
    const doc = decodeDocument(hit.bytes)
    for (const key of index.keysOf(doc)) {
      if (index.spec.unique && index.isTaken(key, hit.rid)) throw collection.duplicateKey(index, doc, key)
      index.add(key, hit.rid)
    }
  }
}

/** Whether the same index is there already; an index that only looks alike is an error. */
function isExisting(collection: Collection, spec: IndexSpec): boolean {
  if (isIdPattern(spec)) return true
  const named = collection.indexes.find(({ spec: other }) => other.name === spec.name)?.spec
  if (named !== undefined) {
    if (!isSameIndex(named, spec)) throw conflict('IndexKeySpecsConflict', SAME_NAME, spec, named)
    if (isSameOptions(named, spec)) return true
    throw conflict(
      'IndexOptionsConflict',
      'An equivalent index already exists with the same name but different options.',
      spec,
      named,
    )
  }
  const alike = collection.indexes.find(({ spec: other }) => isSameIndex(other, spec))?.spec
  if (alike === undefined) return false
  if (isSameOptions(alike, spec)) {
    throw new CommandError('IndexOptionsConflict', `Index already exists with a different name: ${alike.name}`)
  }
  throw conflict(
    'IndexOptionsConflict',
    'An equivalent index already exists with a different name and options.',
    spec,
    alike,
  )
}

const SAME_NAME =
  'An existing index has the same name as the requested index. When index names are not specified, they are auto generated and can cause conflicts. Please refer to our documentation.'

function conflict(code: ErrorName, why: string, spec: IndexSpec, other: IndexSpec): CommandError {
  return new CommandError(
    code,
    `${why} Requested index: ${displayDoc(spec.source)}, existing index: ${displayDoc(other.source)}`,
  )
}

const ID_OPTIONS = ['v', 'key', 'name', 'ns', 'collation']

/** The index on `_id` is there from the start, and takes no options. */
function isIdPattern({ keyPattern, source }: IndexSpec): boolean {
  const direction = keyPattern.get('_id')
  if (keyPattern.size !== 1 || !isNumeric(direction) || toNumber(direction) !== 1) return false
  const option = source.keys.find((key) => !ID_OPTIONS.includes(key))
  if (option === undefined) return true
  throw new CommandError(
    'InvalidIndexSpecificationOption',
    `The field '${option}' is not valid for an _id index specification. Specification: ${displayDoc(source)}`,
  )
}

/** What makes two indexes the same, apart from their names. */
function isSameIndex(a: IndexSpec, b: IndexSpec): boolean {
  return (
    compareValues(a.keyPattern, b.keyPattern) === 0 &&
    sameCollation(a.collation, b.collation) &&
    a.unique === b.unique &&
    a.sparse === b.sparse &&
    isSameAt('partialFilterExpression', a, b)
  )
}

function isSameOptions(a: IndexSpec, b: IndexSpec): boolean {
  return a.ttlSeconds === b.ttlSeconds && isSameAt('weights', a, b) && isSameAt('default_language', a, b)
}

function isSameAt(option: string, a: IndexSpec, b: IndexSpec): boolean {
  return compareValues(a.source.get(option) ?? null, b.source.get(option) ?? null) === 0
}

export const dropIndexes: Command = {
  name: 'dropIndexes',
  aliases: ['deleteIndexes'],
  writes: true,
  fields: ['index'],
  run: ({ instance, fields, db, name }) => {
    const collection = instance.catalog.get(db, fields.needString(name))
    if (collection === undefined)
      throw new CommandError('NamespaceNotFound', `ns not found ${db}.${fields.needString(name)}`)
    const wanted = fields.get('index')
    if (wanted === undefined) throw fields.missing('index')
    const before = collection.indexes.length
    for (const index of selectIndexes(collection, wanted)) instance.catalog.dropIndex(collection, index)
    return Doc.from({
      nIndexesWas: before,
      msg: wanted === '*' ? 'non-_id indexes dropped for collection' : undefined,
    })
  },
}

function selectIndexes(collection: Collection, wanted: Value): IndexTable[] {
  if (wanted === '*') return collection.indexes.slice(1)
  if (Array.isArray(wanted)) return wanted.flatMap((one) => selectIndexes(collection, one))
  const found = collection.indexes.filter(({ spec }) =>
    typeof wanted === 'string' ? spec.name === wanted : compareValues(spec.keyPattern, wanted) === 0,
  )
  if (found.length === 0) {
    throw new CommandError(
      'IndexNotFound',
      wanted instanceof Doc
        ? `can't find index with key: ${displayDoc(wanted)}`
        : `index not found with name [${typeof wanted === 'string' ? wanted : ''}]`,
    )
  }
  if (found.length > 1) {
    throw new CommandError(
      'AmbiguousIndexKeyPattern',
      `${found.length} indexes found for key: ${display(wanted)}, identify by name instead. Conflicting indexes: ${found.map(({ spec }) => displayDoc(spec.source)).join(', ')}`,
    )
  }
  if (found[0] === collection.idIndex) throw new CommandError('InvalidOptions', 'cannot drop _id index')
  return found
}

export const listIndexes: Command = {
  name: 'listIndexes',
  fields: ['cursor', 'includeBuildUUIDs', 'includeIndexBuildInfo'],
  run: ({ instance, fields, db }) => {
    const name = fields.collectionIn(db, 'listIndexes')
    const collection = instance.catalog.get(db, name)
    if (collection === undefined) throw new CommandError('NamespaceNotFound', `ns does not exist: ${db}.${name}`)
    const documents = collection.indexes.map(({ spec }) => encodeDocument(spec.source))
    const batchSize = fields.doc('cursor')?.get('batchSize')
    const size = isNumeric(batchSize) ? toNumber(batchSize) : undefined
    return instance.cursors.first(`${db}.${name}`, arrayResults(documents), size, false)
  },
}
