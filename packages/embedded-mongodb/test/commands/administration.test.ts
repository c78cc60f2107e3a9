import { Long, UUID } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

describe('collections', () => {
  test('are created, listed, renamed and dropped', async () => {
    const { db } = mongo.server()
    await db.createCollection('made', { collation: { locale: 'en', strength: 2 } })
    expect(await codeOf(db.createCollection('made'))).toBe(48)
    await db.collection('made').insertOne({ name: 'X' })
    expect(await db.collection('made').countDocuments({ name: 'x' })).toBe(1)
    const [listed] = await db.listCollections({ name: 'made' }).toArray()
    expect(listed).toMatchObject({ name: 'made', type: 'collection', idIndex: { name: '_id_', key: { _id: 1 } } })
    await db.collection('made').rename('renamed')
    expect(await db.collection('renamed').countDocuments()).toBe(1)
    expect(await db.collection('renamed').drop()).toBe(true)
    expect((await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)).not.toContain(
      'renamed',
    )
    expect((await failure(db.collection('none').rename('other'))).code).toBe(26)
  })

  test('databases are listed and dropped', async () => {
    const { client, db } = mongo.server()
    const other = client.db(`${db.databaseName}_other`)
    await other.collection('x').insertOne({})
    const names = (await client.db('admin').admin().listDatabases({ nameOnly: true })).databases.map(({ name }) => name)
    expect(names).toContain(other.databaseName)
    await other.dropDatabase()
    const rest = await client.db('admin').admin().listDatabases()
    expect(rest.databases.map(({ name }) => name)).not.toContain(other.databaseName)
  })

  test('statistics count documents and bytes', async () => {
    const { db } = mongo.server()
    const collection = mongo.collection()
    await collection.insertMany([{ a: 1 }, { a: 2 }])
    expect(await db.command({ collStats: collection.collectionName })).toMatchObject({ count: 2, nindexes: 1, ok: 1 })
    expect((await db.stats()).objects).toBeGreaterThanOrEqual(2)
    expect(await collection.estimatedDocumentCount()).toBe(2)
    expect(await db.command({ validate: collection.collectionName })).toMatchObject({ valid: true, nrecords: 2 })
  })
})

describe('indexes', () => {
  test('are created, listed and dropped', async () => {
    const collection = mongo.collection()
    expect(await collection.createIndex({ a: 1, b: -1 })).toBe('a_1_b_-1')
    expect(await collection.createIndexes([{ key: { c: 1 }, name: 'byC', unique: true }])).toEqual(['byC'])
    expect(await collection.createIndex({ a: 1, b: -1 })).toBe('a_1_b_-1')
    expect(await collection.indexes()).toMatchObject([
      { name: '_id_', key: { _id: 1 }, v: 2 },
      { name: 'a_1_b_-1', key: { a: 1, b: -1 } },
      { name: 'byC', unique: true },
    ])
    await collection.dropIndex('byC')
    expect(await codeOf(collection.dropIndex('byC'))).toBe(27)
    expect(await codeOf(collection.dropIndex('_id_'))).toBe(72)
    await collection.dropIndexes()
    expect(await collection.indexes()).toHaveLength(1)
    expect(await codeOf(mongo.collection('nothing').dropIndex('x'))).toBe(26)
  })

  test('that contradict others are refused', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ a: 1 })
    expect(await codeOf(collection.createIndex({ a: 1 }, { name: 'other' }))).toBe(85)
    expect(await codeOf(collection.createIndex({ b: 1 }, { name: 'a_1' }))).toBe(86)
    expect(await codeOf(collection.createIndex({ a: 1 }, { unique: true }))).toBe(86)
    expect(await codeOf(collection.createIndex({ x: 0 }))).toBe(67)
    const { db } = mongo.server()
    const create = (index: object): Promise<unknown> =>
      db.command({ createIndexes: collection.collectionName, indexes: [index] })
    expect(await codeOf(create({ key: { z: 1 }, name: 'z', nonsense: 1 }))).toBe(197)
    expect(await codeOf(create({ key: { z: 1 } }))).toBe(9)
    expect(await codeOf(create({ key: { z: 'nonsense' }, name: 'z' }))).toBe(67)
  })

  test('a unique index is not made over duplicates', async () => {
    const collection = mongo.collection()
    await collection.insertMany([{ a: 1 }, { a: 1 }])
    const error = await failure(collection.createIndex({ a: 1 }, { unique: true }))
    expect(error).toMatchObject({ code: 11000, keyPattern: { a: 1 }, keyValue: { a: 1 } })
    expect(await collection.indexes()).toHaveLength(1)
  })

  test('unique holds for compound keys, elements of arrays, missing values and updates', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ a: 1, b: 1 }, { unique: true })
    await collection.createIndex({ tags: 1 }, { unique: true, sparse: true })
    await collection.insertMany([
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 1, b: 2, tags: ['x', 'y', 'x'] },
    ])
    expect(await codeOf(collection.insertOne({ a: 1, b: 2 }))).toBe(11000)
    expect(await codeOf(collection.updateOne({ _id: 1 }, { $set: { b: 2 } }))).toBe(11000)
    expect(await codeOf(collection.updateOne({ _id: 1 }, { $set: { tags: ['y'] } }))).toBe(11000)
    await collection.insertOne({ a: 5 })
    expect((await failure(collection.insertOne({ a: 5 }))).keyValue).toEqual({ a: 5, b: null })
    await collection.updateOne({ _id: 2 }, { $set: { tags: ['z'] } })
    await collection.updateOne({ _id: 1 }, { $set: { tags: ['x', 'y'] } })
  })

  test('partial indexes hold what their filter says', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ email: 1 }, { unique: true, partialFilterExpression: { active: true } })
    await collection.insertMany([
      { email: 'a', active: false },
      { email: 'a', active: false },
      { email: 'a', active: true },
    ])
    expect(await codeOf(collection.insertOne({ email: 'a', active: true }))).toBe(11000)
    expect(await codeOf(collection.updateOne({ active: false }, { $set: { active: true } }))).toBe(11000)
    expect(await collection.countDocuments({ email: 'a' })).toBe(3)
  })

  test('parallel arrays are refused', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ a: 1, b: 1 })
    expect(await codeOf(collection.insertOne({ a: [1], b: [2] }))).toBe(171)
    expect(await collection.countDocuments()).toBe(0)
  })
})

describe('the server', () => {
  test('introduces itself as a standalone server', async () => {
    const hello = await mongo.server().client.db('admin').command({ hello: 1 })
    expect(hello).toMatchObject({
      isWritablePrimary: true,
      maxBsonObjectSize: 16777216,
      maxMessageSizeBytes: 48000000,
      minWireVersion: 0,
      ok: 1,
    })
    expect(hello.maxWireVersion).toBeGreaterThanOrEqual(25)
    expect(hello).not.toHaveProperty('msg')
  })

  test('answers what drivers and exporters ask', async () => {
    const admin = mongo.server().client.db('admin')
    expect(await admin.command({ ping: 1 })).toMatchObject({ ok: 1 })
    expect(await admin.command({ buildInfo: 1 })).toMatchObject({ bits: 64, ok: 1 })
    const status = await admin.command({ serverStatus: 1 })
    expect(status.connections.current).toBeGreaterThan(0)
    expect(status.opcounters).toHaveProperty('insert')
    expect(await admin.command({ connectionStatus: 1 })).toMatchObject({ authInfo: { authenticatedUsers: [] } })
    expect(await admin.command({ getParameter: 1, featureCompatibilityVersion: 1 })).toMatchObject({ ok: 1 })
  })

  test('refuses what it does not know', async () => {
    const { db } = mongo.server()
    const error = await failure(db.command({ nonsense: 1 }))
    expect(error).toMatchObject({ code: 59, codeName: 'CommandNotFound' })
    expect(error.message).toBe("no such command: 'nonsense'")
    expect(await codeOf(db.command({ find: 'x', nonsense: 1 }))).toBe(40415)
    expect(await codeOf(db.command({ find: 'x', filter: 5 }))).toBe(14)
    expect(await codeOf(db.command({ find: 'x', limit: -1 }))).toBe(51024)
    expect(await codeOf(db.command({ listDatabases: 1 }))).toBe(13)
    expect(await codeOf(db.collection('x').watch().next())).toBe(40573)
  })

  test('refuses transactions as a standalone server does', async () => {
    const { db } = mongo.server()
    const command = { insert: 'x', documents: [{}], lsid: { id: new UUID() } }
    const error = await failure(
      db.command({ ...command, txnNumber: Long.fromNumber(1), startTransaction: true, autocommit: false }),
    )
    expect(error).toMatchObject({ code: 20, codeName: 'IllegalOperation' })
    expect(error.message).toBe('Transaction numbers are only allowed on a replica set member or mongos')
  })

  test('sessions begin and end', async () => {
    const { client, db } = mongo.server()
    const session = client.startSession()
    await db.collection('s').insertOne({ a: 1 }, { session })
    expect(await db.collection('s').findOne({ a: 1 }, { session })).toMatchObject({ a: 1 })
    await session.endSession()
  })
})
