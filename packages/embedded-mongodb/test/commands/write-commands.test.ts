import process from 'node:process'
import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

function row(_id: number): Document {
  return { _id }
}

describe('delete', () => {
  test('deletes one or many', async () => {
    const collection = mongo.collection()
    await collection.insertMany([1, 2, 3, 4].map((_id) => ({ _id: _id, odd: _id % 2 })))
    expect(await collection.deleteOne({ odd: 1 })).toMatchObject({ deletedCount: 1 })
    expect(await collection.deleteMany({ odd: 0 })).toMatchObject({ deletedCount: 2 })
    expect(idsOf(await collection.find().toArray())).toEqual([3])
    expect(await mongo.collection('nowhere').deleteMany({})).toMatchObject({ deletedCount: 0 })
  })

  test('refuses a limit other than 0 or 1, and none', async () => {
    const { db } = mongo.server()
    expect(await db.command({ delete: 'x', deletes: [{ q: {}, limit: 5 }] })).toMatchObject({
      writeErrors: [{ code: 9 }],
    })
    expect(await codeOf(db.command({ delete: 'x' }))).toBe(40414)
  })
})

describe('findAndModify', () => {
  test('returns the document before or after', async () => {
    const collection = mongo.collection()
    await collection.insertMany([
      { _id: 1, n: 5 },
      { _id: 2, n: 9 },
    ])
    expect(await collection.findOneAndUpdate({ _id: 1 }, { $inc: { n: 1 } })).toEqual({ _id: 1, n: 5 })
    expect(
      await collection.findOneAndUpdate({}, { $inc: { n: 1 } }, { sort: { n: -1 }, returnDocument: 'after' }),
    ).toEqual({ _id: 2, n: 10 })
    expect(await collection.findOneAndReplace({ _id: 1 }, { x: 1 }, { returnDocument: 'after' })).toEqual({
      _id: 1,
      x: 1,
    })
    expect(await collection.findOneAndDelete({ _id: 1 }, { projection: { _id: 0 } })).toEqual({ x: 1 })
    expect(await collection.findOneAndUpdate({ _id: 99 }, { $set: { a: 1 } })).toBeNull()
  })

  test('reports what it did', async () => {
    const collection = mongo.collection()
    const { db } = mongo.server()
    const name = collection.collectionName
    const upserted = await db.command({
      findAndModify: name,
      query: { _id: 5 },
      update: { $set: { a: 1 } },
      upsert: true,
    })
    expect(upserted).toMatchObject({
      lastErrorObject: { n: 1, updatedExisting: false, upserted: 5 },
      value: null,
      ok: 1,
    })
    const updated = await db.command({ findAndModify: name, query: { _id: 5 }, update: { $set: { a: 2 } }, new: true })
    expect(updated).toMatchObject({ lastErrorObject: { n: 1, updatedExisting: true }, value: { _id: 5, a: 2 } })
    const missed = await db.command({ findAndModify: name, query: { _id: 6 }, update: { $set: { a: 2 } } })
    expect(missed).toMatchObject({ lastErrorObject: { n: 0, updatedExisting: false }, value: null })
    const removed = await db.command({ findAndModify: name, query: { _id: 5 }, remove: true })
    expect(removed).toMatchObject({ lastErrorObject: { n: 1 }, value: { _id: 5 } })
  })

  test('refuses contradictions and duplicates', async () => {
    const collection = mongo.collection()
    const { db } = mongo.server()
    const name = collection.collectionName
    expect(await codeOf(db.command({ findAndModify: name, query: {} }))).toBe(9)
    expect(await codeOf(db.command({ findAndModify: name, remove: true, update: { a: 1 } }))).toBe(9)
    expect(await codeOf(db.command({ findAndModify: name, remove: true, new: true }))).toBe(9)
    await collection.createIndex({ a: 1 }, { unique: true })
    await collection.insertMany([{ a: 1 }, { a: 2 }])
    const error = await failure(collection.findOneAndUpdate({ a: 1 }, { $set: { a: 2 } }))
    expect(error).toMatchObject({ code: 11000, keyPattern: { a: 1 }, keyValue: { a: 2 } })
  })
})

describe('bulk writes', () => {
  const operations = [
    { insertOne: { document: { _id: 1, a: 1 } } },
    { updateOne: { filter: { _id: 1 }, update: { $set: { a: 2 } } } },
    { updateMany: { filter: { a: 2 }, update: { $inc: { a: 1 } } } },
    { replaceOne: { filter: { _id: 1 }, replacement: { b: 1 } } },
    { updateOne: { filter: { _id: 2 }, update: { $set: { c: 1 } }, upsert: true } },
    { deleteOne: { filter: { _id: 1 } } },
  ]
  test.each([true, false])('mixes every kind (ordered: %s)', async (ordered) => {
    const collection = mongo.collection()
    const list = ordered ? operations : operations.filter((one) => !('deleteOne' in one))
    const result = await collection.bulkWrite(list, { ordered })
    expect(result).toMatchObject({
      insertedCount: 1,
      matchedCount: 3,
      modifiedCount: 3,
      upsertedCount: 1,
      upsertedIds: { 4: 2 },
    })
  })

  test('reports failures by their position', async () => {
    const collection = mongo.collection()
    const error = await failure(
      collection.bulkWrite(
        [
          { insertOne: { document: { _id: 1 } } },
          { insertOne: { document: { _id: 1 } } },
          { updateOne: { filter: { _id: 1 }, update: { $set: { x: 1 } } } },
        ],
        { ordered: false },
      ),
    )
    expect(error).toMatchObject({ code: 11000, insertedCount: 1, modifiedCount: 1 })
  })

  test.skipIf(process.env.MONGODB_URL !== undefined)(
    'the bulkWrite command writes to several collections',
    async () => {
      const { client, db } = mongo.server()
      const ns = (name: string): string => `${db.databaseName}.${name}`
      const result = await client.bulkWrite(
        [
          { namespace: ns('one'), name: 'insertOne', document: row(1) },
          { namespace: ns('two'), name: 'updateOne', filter: row(5), update: { $set: { a: 1 } }, upsert: true },
          { namespace: ns('one'), name: 'updateMany', filter: {}, update: { $set: { b: 1 } } },
          { namespace: ns('one'), name: 'deleteOne', filter: row(1) },
        ],
        { verboseResults: true },
      )
      expect(result).toMatchObject({
        insertedCount: 1,
        upsertedCount: 1,
        matchedCount: 1,
        modifiedCount: 1,
        deletedCount: 1,
      })
      expect(result.updateResults?.get(1)).toMatchObject({ upsertedId: 5 })
      const error = await client
        .bulkWrite([{ namespace: ns('two'), name: 'insertOne', document: row(5) }])
        .catch((reason: unknown) => reason)
      expect(error).toMatchObject({ writeErrors: new Map([[0, expect.objectContaining({ code: 11000 })]]) })
    },
  )
})
