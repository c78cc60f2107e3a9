import fs from 'node:fs'
import { decodeDocument } from '../bson/decode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Binary, Doc, Double, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { Reading, readPlan } from '../planner/read-plan.ts'
import type { Collection } from '../storage/collection.ts'
import { integerOf, prepareRows, rowOf } from '../storage/sqlite-file.ts'
import type { Command, Invocation } from './command.ts'

function scaleOf({ fields }: Invocation): number {
  const scale = fields.optional('scale')
  const number = isNumeric(scale) ? Math.trunc(toNumber(scale)) : 1
  if (number < 1) throw new CommandError(51024, `BSON field 'scale' value must be >= 1, actual value '${number}'`)
  return number
}

function indexBytes(collection: Collection): number {
  // An entry is a key and a record number; what a key takes on average is near enough.
  return collection.indexes.length * collection.totals().count * 32
}

export const dbStats: Command = {
  name: 'dbStats',
  aliases: ['dbstats'],
  fields: ['scale', 'freeStorage'],
  run: (invocation) => {
    const { instance, db } = invocation
    const scale = scaleOf(invocation)
    const collections = instance.catalog.collections(db)
    const totals = collections.map((collection) => collection.totals())
    const objects = totals.reduce((sum, { count }) => sum + count, 0)
    const bytes = totals.reduce((sum, one) => sum + one.bytes, 0)
    const indexSize = collections.reduce((sum, collection) => sum + indexBytes(collection), 0)
    const disk = fs.statfsSync(instance.dataDir)
    return Doc.from({
      db,
      collections: BigInt(collections.length),
      views: 0n,
      objects: BigInt(objects),
      avgObjSize: new Double(objects === 0 ? 0 : bytes / objects),
      dataSize: new Double(bytes / scale),
      storageSize: new Double(bytes / scale),
      indexes: BigInt(collections.reduce((sum, { indexes }) => sum + indexes.length, 0)),
      indexSize: new Double(indexSize / scale),
      totalSize: new Double((bytes + indexSize) / scale),
      scaleFactor: BigInt(scale),
      fsUsedSize: new Double(((disk.blocks - disk.bfree) * disk.bsize) / scale),
      fsTotalSize: new Double((disk.blocks * disk.bsize) / scale),
    })
  },
}

/** The figures of one collection, for the command and for the stage of that name. */
export function storageStats(collection: Collection, scale: number, base: Record<string, Value>): Doc {
  const { count, bytes } = collection.totals()
  const indexSizes = new Doc()
  for (const { spec } of collection.indexes) indexSizes.push(spec.name, Math.floor((count * 32) / scale))
  return Doc.from({
    ...base,
    size: Math.floor(bytes / scale),
    count,
    avgObjSize: count === 0 ? undefined : Math.floor(bytes / count),
    storageSize: Math.floor(bytes / scale),
    totalIndexSize: Math.floor(indexBytes(collection) / scale),
    totalSize: Math.floor((bytes + indexBytes(collection)) / scale),
    freeStorageSize: 0,
    numOrphanDocs: 0,
    nindexes: collection.indexes.length,
    indexBuilds: [],
    indexSizes,
    capped: false,
  })
}

export const collStats: Command = {
  name: 'collStats',
  aliases: ['collstats'],
  fields: ['scale'],
  run: (invocation) => {
    const { instance, db, fields, name } = invocation
    const scale = scaleOf(invocation)
    const target = fields.needString(name)
    const collection = instance.catalog.get(db, target)
    const base: Record<string, Value> = { ns: `${db}.${target}`, scaleFactor: scale }
    if (collection === undefined) {
      return Doc.from({
        ...base,
        size: 0,
        count: 0,
        storageSize: 0,
        totalIndexSize: 0,
        nindexes: 0,
        indexSizes: new Doc(),
        capped: false,
      })
    }
    return storageStats(collection, scale, base)
  },
}

/** Reads every document and every index entry, and says what does not fit. */
export const validate: Command = {
  name: 'validate',
  fields: ['full', 'repair', 'metadata', 'checkBSONConformance'],
  run: ({ instance, fields, db }) => {
    const name = fields.needString('validate')
    const collection = instance.catalog.get(db, name)
    if (collection === undefined)
      throw new CommandError('NamespaceNotFound', `Collection '${db}.${name}' does not exist to validate.`)
    const errors = [...faultsOf(collection)]
    const keysPerIndex = new Doc()
    const indexDetails = new Doc()
    for (const index of collection.indexes) {
      keysPerIndex.push(index.spec.name, index.rowCount(instance.file.db))
      indexDetails.push(
        index.spec.name,
        Doc.of('valid', !errors.some((text) => text.endsWith(`from index ${index.spec.name}`))),
      )
    }
    return Doc.from({
      ns: collection.ns,
      uuid: new Binary(collection.identity.uuid, 4),
      nInvalidDocuments: 0,
      nNonCompliantDocuments: 0,
      nrecords: integerOf(rowOf(prepareRows(instance.file.db, `SELECT count(*) FROM ${collection.table}`).get())?.[0]),
      nIndexes: collection.indexes.length,
      keysPerIndex,
      indexDetails,
      valid: errors.length === 0,
      repaired: false,
      warnings: [],
      errors,
      extraIndexEntries: [],
      missingIndexEntries: [],
      corruptRecords: [],
    })
  },
}

const MAX_FAULTS = 100

function* faultsOf(collection: Collection): IterableIterator<string> {
  let found = 0
  for (const raw of prepareRows(collection.database, `PRAGMA quick_check(${MAX_FAULTS})`).all()) {
    const text = String(rowOf(raw)?.[0])
    if (text !== 'ok') yield text
  }
  for (const hit of readPlan(collection, { kind: 'scan', reverse: false, sorted: true }, new Reading(), 0)) {
    const doc = decodeDocument(hit.bytes)
    for (const index of collection.indexes) {
      for (const key of index.keysOf(doc)) {
        if (index.has(key, hit.rid)) continue
        yield `record ${hit.rid} is missing from index ${index.spec.name}`
        if (++found >= MAX_FAULTS) return
      }
    }
  }
}
