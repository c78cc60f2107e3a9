import type { Document, Filter } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, type Row, useServer } from '../support/mongo.ts'

const mongo = useServer()

async function upserted(filter: Filter<Row>, update: Document | Document[]): Promise<unknown> {
  const collection = mongo.collection()
  await collection.updateOne(filter, update, { upsert: true })
  return collection.findOne({}, { projection: { _id: 0 } })
}

describe('an upsert starts from what the query fixes', () => {
  const set = { $set: { z: 1 } }
  const cases: [string, Filter<Row>, Document | Document[], object][] = [
    ['by equality', { a: 5, b: { $eq: 6 } }, set, { a: 5, b: 6, z: 1 }],
    ['at dotted paths and within $and', { $and: [{ a: 1 }, { 'b.c': 2 }] }, set, { a: 1, b: { c: 2 }, z: 1 }],
    ['by $in of one value', { a: { $in: [5] } }, set, { a: 5, z: 1 }],
    ['by $all of one value', { a: { $all: [5] } }, set, { a: 5, z: 1 }],
    ['not by alternatives', { $or: [{ a: 1 }, { a: 2 }], b: { $in: [1, 2] } }, set, { z: 1 }],
    ['not by ranges', { a: { $gt: 5 }, b: 1 }, set, { b: 1, z: 1 }],
    ['for a pipeline, too', { a: 1 }, [{ $set: { b: { $add: ['$a', 1] } } }], { a: 1, b: 2 }],
    ['before operators apply', { a: 1 }, { $inc: { a: 2 }, $push: { t: 1 } }, { a: 3, t: [1] }],
  ]
  test.each(cases)('%s', async (_, filter, update, expected) => {
    expect(await upserted(filter, update)).toEqual(expected)
  })

  test('new fields follow in the order of their names', async () => {
    const made = await upserted({ a: 1 }, { $setOnInsert: { z: 1, 'q.w': 2 }, $set: { b: 3 } })
    expect(Object.keys(made ?? {})).toEqual(['a', 'b', 'q', 'z'])
  })
})

describe('an upsert refuses', () => {
  test('a query that fixes a path twice, or a path and one within it', async () => {
    expect(await failure(upserted({ a: 1, $and: [{ a: 1 }] }, { $set: { b: 1 } }))).toMatchObject({
      code: 54,
      message: "cannot infer query fields to set, path 'a' is matched twice",
    })
    expect(await codeOf(upserted({ a: { x: 1 }, 'a.b': 1 }, { $set: { b: 1 } }))).toBe(54)
  })

  test('$expr, also when a document matches', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, a: 1 })
    const filter = { $expr: { $eq: ['$a', 1] } }
    expect(await codeOf(collection.updateOne(filter, { $set: { b: 1 } }, { upsert: true }))).toBe(224)
    expect(await codeOf(collection.findOneAndUpdate(filter, { $set: { b: 1 } }, { upsert: true }))).toBe(224)
    expect(await collection.updateOne(filter, { $set: { b: 1 } })).toMatchObject({ modifiedCount: 1 })
  })
})
