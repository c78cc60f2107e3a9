import { Decimal128, Double, Long, MongoBulkWriteError, ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

describe('insert', () => {
  test('keeps every type and the order of fields', async () => {
    const collection = mongo.collection()
    const document = {
      _id: new ObjectId(),
      '2': 'two',
      '1': 'one',
      long: Long.fromString('9007199254740993'),
      double: new Double(3),
      decimal: Decimal128.fromString('1.50'),
      nested: { b: [1, [2], { c: null }] },
    }
    await collection.insertOne(document)
    const raw = await collection.findOne({}, { promoteValues: false, promoteLongs: false })
    expect(raw?.long).toEqual(document.long)
    expect(raw?.double).toEqual(new Double(3))
    expect(String(raw?.decimal)).toBe('1.50')
    expect(raw?.nested).toEqual({ b: [expect.anything(), [expect.anything()], { c: null }] })
  })

  test('makes an _id and puts it first', async () => {
    const collection = mongo.collection()
    await mongo.server().db.command({ insert: collection.collectionName, documents: [{ a: 1, _id: 7 }, { b: 2 }] })
    const [first, second] = await collection.find().toArray()
    expect(Object.keys(first ?? {})).toEqual(['_id', 'a'])
    expect(second?._id).toBeInstanceOf(ObjectId)
  })

  test('refuses a second document with the same key and says which', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ name: 1 }, { unique: true })
    await collection.insertOne({ _id: 1, name: 'x' })
    const byId = await failure(collection.insertOne({ _id: 1 }))
    expect(byId.code).toBe(11000)
    expect(byId.message).toBe(
      `E11000 duplicate key error collection: ${collection.namespace} index: _id_ dup key: { _id: 1 }`,
    )
    expect(byId.keyPattern).toEqual({ _id: 1 })
    expect(byId.keyValue).toEqual({ _id: 1 })
    const byName = await failure(collection.insertOne({ _id: 2, name: 'x' }))
    expect(byName.message).toBe(
      `E11000 duplicate key error collection: ${collection.namespace} index: name_1 dup key: { name: "x" }`,
    )
    expect(byName.keyValue).toEqual({ name: 'x' })
    expect(await collection.countDocuments()).toBe(1)
  })

  test('ordered stops at the first failure, unordered goes on', async () => {
    const ordered = mongo.collection()
    const documents = [{ _id: 1 }, { _id: 1 }, { _id: 2 }]
    const stopped = await failure(ordered.insertMany(documents.map((one) => ({ ...one }))))
    expect(stopped).toMatchObject({ code: 11000 })
    expect(await ordered.countDocuments()).toBe(1)
    const unordered = mongo.collection()
    const error = await unordered.insertMany([...documents, { _id: 2 }], { ordered: false }).catch((e: unknown) => e)
    if (!(error instanceof MongoBulkWriteError)) throw new Error('expected a bulk write error')
    const { writeErrors, insertedCount } = error
    expect(insertedCount).toBe(2)
    expect(Array.isArray(writeErrors) ? writeErrors.map(({ index, code }) => [index, code]) : []).toEqual([
      [1, 11000],
      [3, 11000],
    ])
  })

  test('refuses what is too large, too deep or no _id', async () => {
    const { db } = mongo.server()
    const collection = mongo.collection()
    const insert = (document: object): Promise<unknown> =>
      db.command({ insert: collection.collectionName, documents: [document] })
    expect(await codeOf(collection.insertOne({ _id: /x/ }))).toBe(53)
    expect(await insert({ _id: [1] })).toMatchObject({ n: 0, writeErrors: [{ index: 0, code: 53 }] })
    expect(await insert({ s: 'x'.repeat(16 * 1024 * 1024) })).toMatchObject({ n: 0, writeErrors: [{ code: 2 }] })
    expect(await codeOf(mongo.collection().insertOne({ s: 'x'.repeat(16 * 1024 * 1024 + 20_000) }))).toBe(10334)
    let deep: object = {}
    for (let i = 0; i < 210; i++) deep = { a: deep }
    const nested = await insert(deep).catch((error: unknown) => error)
    expect(nested).toBeInstanceOf(Error)
    expect(await collection.countDocuments()).toBe(0)
  })

  test('refuses bad commands with the server’s codes', async () => {
    const { db } = mongo.server()
    expect(await codeOf(db.command({ insert: 'x' }))).toBe(40414)
    expect(await codeOf(db.command({ insert: 'x', documents: [{}], nonsense: 1 }))).toBe(40415)
    expect(await codeOf(db.command({ insert: 'x', documents: 5 }))).toBe(14)
    expect(await codeOf(db.command({ insert: 'x', documents: [] }))).toBe(16)
    expect(await codeOf(db.command({ insert: 5, documents: [{}] }))).toBe(73)
    expect(await codeOf(db.command({ insert: 'a$b', documents: [{}] }))).toBe(73)
    expect(await codeOf(db.command({ insert: 'x', documents: [{}], writeConcern: { w: 3 } }))).toBe(2)
  })

  test('w: 0 is not answered and still written', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1 }, { writeConcern: { w: 0 } })
    await collection.insertOne({ _id: 2 })
    await expect.poll(async () => collection.countDocuments()).toBe(2)
  })
})
