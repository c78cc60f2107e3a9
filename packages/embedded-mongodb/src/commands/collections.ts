import { compareValues } from '../bson/compare.ts'
import { displayDoc } from '../bson/display.ts'
import { encodeDocument } from '../bson/encode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Binary, Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { checkNamespace } from '../storage/catalog.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command, Invocation } from './command.ts'
import { arrayResults } from './cursors.ts'
import { compileQuery, systemVariables } from './query-options.ts'

const UNSUPPORTED = [
  'capped',
  'viewOn',
  'pipeline',
  'timeseries',
  'validator',
  'clusteredIndex',
  'encryptedFields',
  'changeStreamPreAndPostImages',
]

export const create: Command = {
  name: 'create',
  writes: true,
  fields: [
    ...UNSUPPORTED,
    'size',
    'max',
    'storageEngine',
    'validationLevel',
    'validationAction',
    'indexOptionDefaults',
    'collation',
    'autoIndexId',
    'expireAfterSeconds',
    'idIndex',
    'temp',
  ],
  run: ({ instance, fields, db }) => {
    const name = fields.needString('create')
    for (const option of UNSUPPORTED) {
      const value = fields.optional(option)
      if (value !== undefined && value !== false) {
        throw new CommandError('NotImplemented', `create option '${option}' is not supported`)
      }
    }
    const collation = fields.collation()
    const existing = instance.catalog.get(db, name)
    if (existing !== undefined) {
      // Since version 7.0 the same collection may be created again.
      if (compareValues(existing.identity.options, Doc.from({ collation: collation?.source })) === 0) return new Doc()
      throw new CommandError(
        'NamespaceExists',
        `namespace ${db}.${name} already exists, but with different options: ${displayDoc(existing.identity.options)}`,
      )
    }
    instance.catalog.create(db, name, Doc.from({ collation: collation?.source }))
    return new Doc()
  },
}

export const drop: Command = {
  name: 'drop',
  writes: true,
  fields: [],
  run: ({ instance, fields, db }) => {
    const name = fields.needString('drop')
    checkNamespace(db, name)
    const collection = instance.catalog.get(db, name)
    // The server has answered dropping what is not there with success since version 7.0.
    if (collection === undefined) return new Doc()
    const indexes = collection.indexes.length
    instance.catalog.drop(collection)
    instance.cursors.killNamespace(collection.ns, 'collection dropped.')
    return Doc.from({ nIndexesWas: indexes, ns: collection.ns })
  },
}

export const dropDatabase: Command = {
  name: 'dropDatabase',
  writes: true,
  fields: [],
  run: ({ instance, db }) => {
    const collections = instance.catalog.collections(db)
    for (const collection of collections) {
      instance.catalog.drop(collection)
      instance.cursors.killNamespace(collection.ns, 'collection dropped.')
    }
    return collections.length === 0 ? new Doc() : Doc.of('dropped', db)
  },
}

export const renameCollection: Command = {
  name: 'renameCollection',
  writes: true,
  adminOnly: true,
  fields: ['to', 'dropTarget'],
  run: ({ instance, fields }) => {
    const from = split(fields.needString('renameCollection'))
    const to = split(fields.needString('to'))
    const collection = instance.catalog.get(from.db, from.name)
    if (collection === undefined) {
      throw new CommandError('NamespaceNotFound', `Source collection ${from.db}.${from.name} does not exist`)
    }
    const target = instance.catalog.get(to.db, to.name)
    if (target !== undefined) {
      if (target === collection) throw new CommandError('IllegalOperation', "Can't rename a collection to itself")
      if (!fields.bool('dropTarget')) throw new CommandError('NamespaceExists', 'target namespace exists')
      instance.catalog.drop(target)
      instance.cursors.killNamespace(target.ns, 'collection dropped.')
    }
    instance.catalog.rename(collection, to.db, to.name)
    instance.cursors.killNamespace(
      collection.ns,
      `collection renamed from '${collection.ns}' to '${to.db}.${to.name}'.`,
    )
    return new Doc()
  },
}

function split(namespace: string): { db: string; name: string } {
  const dot = namespace.indexOf('.')
  const parts = { db: namespace.slice(0, Math.max(0, dot)), name: namespace.slice(dot + 1) }
  checkNamespace(parts.db, parts.name)
  return parts
}

export const listCollections: Command = {
  name: 'listCollections',
  fields: ['filter', 'nameOnly', 'authorizedCollections', 'cursor'],
  run: ({ instance, fields, db }) => {
    const matcher = compileQuery(fields.doc('filter'), undefined, systemVariables)
    const nameOnly = fields.bool('nameOnly')
    const documents = instance.catalog
      .collections(db)
      .map((collection) => describeCollection(collection))
      .filter((doc) => matcher.matches(doc))
      .map((doc) => encodeDocument(nameOnly ? Doc.from({ name: doc.get('name'), type: doc.get('type') }) : doc))
    const batchSize = fields.doc('cursor')?.get('batchSize')
    const size = isNumeric(batchSize) ? toNumber(batchSize) : undefined
    return instance.cursors.first(`${db}.$cmd.listCollections`, arrayResults(documents), size, false)
  },
}

function describeCollection({ identity, idIndex }: Collection): Doc {
  return Doc.from({
    name: identity.name,
    type: 'collection',
    options: identity.options,
    info: Doc.from({ readOnly: false, uuid: new Binary(identity.uuid, 4) }),
    idIndex: idIndex.spec.source,
  })
}

export const listDatabases: Command = {
  name: 'listDatabases',
  adminOnly: true,
  fields: ['filter', 'nameOnly', 'authorizedDatabases'],
  run: (invocation: Invocation) => {
    const { instance, fields } = invocation
    const matcher = compileQuery(fields.doc('filter'), undefined, systemVariables)
    const nameOnly = fields.bool('nameOnly')
    let total = 0
    const databases = instance.catalog
      .databases()
      .map((name) => {
        const sizeOnDisk = instance.catalog.collections(name).reduce((sum, one) => sum + one.totals().bytes + 4096, 0)
        total += sizeOnDisk
        return Doc.from({ name, sizeOnDisk: BigInt(sizeOnDisk), empty: false })
      })
      .filter((doc) => matcher.matches(doc))
      .map((doc) => (nameOnly ? Doc.of('name', doc.get('name') ?? '') : doc))
    if (nameOnly) return Doc.from({ databases })
    return Doc.from({ databases, totalSize: BigInt(total), totalSizeMb: BigInt(Math.floor(total / 1048576)) })
  },
}
