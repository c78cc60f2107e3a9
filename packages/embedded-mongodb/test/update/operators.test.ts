import { Decimal128, type Document, Double, Int32, Long, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

interface Case {
  before: Document
  update: Document
  after: Document
  filter?: Document
  arrayFilters?: Document[]
}

const CASES: Record<string, Case[]> = {
  $set: [
    { before: { a: 1 }, update: { $set: { a: 2, b: 3 } }, after: { a: 2, b: 3 } },
    { before: {}, update: { $set: { 'a.b.c': 1 } }, after: { a: { b: { c: 1 } } } },
    { before: { l: [1, 2] }, update: { $set: { 'l.1': 9, 'l.3': 7 } }, after: { l: [1, 9, null, 7] } },
    { before: {}, update: { $set: { b: 1, a: 2, '10': 3, '9': 4 } }, after: { '9': 4, '10': 3, a: 2, b: 1 } },
  ],
  $unset: [
    { before: { a: 1, b: 2 }, update: { $unset: { a: '' } }, after: { b: 2 } },
    { before: { l: [1, 2, 3] }, update: { $unset: { 'l.1': '' } }, after: { l: [1, null, 3] } },
    { before: { a: 1 }, update: { $unset: { 'x.y': '' } }, after: { a: 1 } },
  ],
  $inc: [
    { before: { a: 1 }, update: { $inc: { a: 2, b: 5 } }, after: { a: 3, b: 5 } },
    { before: { a: 1.5 }, update: { $inc: { a: -0.25 } }, after: { a: 1.25 } },
  ],
  $mul: [{ before: { a: 3 }, update: { $mul: { a: 2, b: 7 } }, after: { a: 6, b: 0 } }],
  $min: [{ before: { a: 5, b: 5 }, update: { $min: { a: 3, b: 9, c: 1 } }, after: { a: 3, b: 5, c: 1 } }],
  $max: [{ before: { a: 5, b: 5 }, update: { $max: { a: 3, b: 9 } }, after: { a: 5, b: 9 } }],
  $rename: [
    { before: { a: 1, b: 2 }, update: { $rename: { a: 'c' } }, after: { b: 2, c: 1 } },
    { before: { a: { x: 1 } }, update: { $rename: { 'a.x': 'y.z' } }, after: { a: {}, y: { z: 1 } } },
    { before: { a: 1 }, update: { $rename: { no: 'where' } }, after: { a: 1 } },
  ],
  $push: [
    { before: {}, update: { $push: { l: 1 } }, after: { l: [1] } },
    { before: { l: [3, 1] }, update: { $push: { l: { $each: [2], $sort: 1 } } }, after: { l: [1, 2, 3] } },
    { before: { l: [1, 2, 3] }, update: { $push: { l: { $each: [4, 5], $slice: -3 } } }, after: { l: [3, 4, 5] } },
    { before: { l: [1, 2] }, update: { $push: { l: { $each: [9], $position: 1 } } }, after: { l: [1, 9, 2] } },
    { before: { l: [1, 2] }, update: { $push: { l: { $each: [9], $position: -1 } } }, after: { l: [1, 9, 2] } },
    {
      before: { l: [{ s: 2 }, { s: 1 }] },
      update: { $push: { l: { $each: [{ s: 3 }], $sort: { s: -1 }, $slice: 2 } } },
      after: { l: [{ s: 3 }, { s: 2 }] },
    },
  ],
  $addToSet: [
    { before: { l: [1] }, update: { $addToSet: { l: 1 } }, after: { l: [1] } },
    { before: { l: [1] }, update: { $addToSet: { l: { $each: [1, 2, 2] } } }, after: { l: [1, 2] } },
    { before: { l: [{ a: 1 }] }, update: { $addToSet: { l: { a: 1 } } }, after: { l: [{ a: 1 }] } },
  ],
  $pop: [
    { before: { l: [1, 2, 3] }, update: { $pop: { l: 1 } }, after: { l: [1, 2] } },
    { before: { l: [1, 2, 3] }, update: { $pop: { l: -1 } }, after: { l: [2, 3] } },
  ],
  $pull: [
    { before: { l: [1, 2, 1] }, update: { $pull: { l: 1 } }, after: { l: [2] } },
    { before: { l: [1, 5, 9] }, update: { $pull: { l: { $gte: 5 } } }, after: { l: [1] } },
    {
      before: {
        l: [
          { o: 'x', q: 1 },
          { o: 'y', q: 2 },
        ],
      },
      update: { $pull: { l: { o: 'x' } } },
      after: { l: [{ o: 'y', q: 2 }] },
    },
    {
      before: { l: [{ o: 1, q: [1, 2] }] },
      update: { $pull: { l: { q: { $elemMatch: { $gt: 1 } } } } },
      after: { l: [] },
    },
    { before: { l: ['a', 'b'] }, update: { $pull: { l: { $in: ['a'] } } }, after: { l: ['b'] } },
  ],
  $pullAll: [{ before: { l: [1, 2, 3, 1] }, update: { $pullAll: { l: [1, 3] } }, after: { l: [2] } }],
  $bit: [
    { before: { a: 13 }, update: { $bit: { a: { and: 10 } } }, after: { a: 8 } },
    { before: { a: 3 }, update: { $bit: { a: { or: 5 }, b: { xor: 6 } } }, after: { a: 7, b: 6 } },
  ],
  'positional $': [
    {
      before: {
        l: [
          { k: 1, v: 0 },
          { k: 2, v: 0 },
        ],
      },
      filter: { 'l.k': 2 },
      update: { $set: { 'l.$.v': 9 } },
      after: {
        l: [
          { k: 1, v: 0 },
          { k: 2, v: 9 },
        ],
      },
    },
    { before: { n: [5, 8] }, filter: { n: { $gt: 6 } }, update: { $inc: { 'n.$': 1 } }, after: { n: [5, 9] } },
    {
      before: {
        l: [
          { a: 1, b: 1 },
          { a: 1, b: 2 },
        ],
      },
      filter: { l: { $elemMatch: { a: 1, b: 2 } } },
      update: { $set: { 'l.$.c': 1 } },
      after: {
        l: [
          { a: 1, b: 1 },
          { a: 1, b: 2, c: 1 },
        ],
      },
    },
  ],
  'all positional $[]': [
    { before: { n: [1, 2] }, update: { $inc: { 'n.$[]': 10 } }, after: { n: [11, 12] } },
    { before: { l: [{ q: 1 }, { q: 2 }] }, update: { $mul: { 'l.$[].q': 2 } }, after: { l: [{ q: 2 }, { q: 4 }] } },
  ],
  'filtered positional $[name]': [
    {
      before: {
        l: [
          { k: 'a', q: 1 },
          { k: 'b', q: 1 },
        ],
      },
      update: { $set: { 'l.$[x].q': 5 } },
      arrayFilters: [{ 'x.k': 'b' }],
      after: {
        l: [
          { k: 'a', q: 1 },
          { k: 'b', q: 5 },
        ],
      },
    },
    {
      before: { n: [1, 5, 9] },
      update: { $inc: { 'n.$[big]': 100 } },
      arrayFilters: [{ big: { $gte: 5 } }],
      after: { n: [1, 105, 109] },
    },
    {
      before: { l: [{ m: [1, 2] }, { m: [3] }] },
      update: { $set: { 'l.$[].m.$[e]': 0 } },
      arrayFilters: [{ e: { $gt: 1 } }],
      after: { l: [{ m: [1, 0] }, { m: [0] }] },
    },
  ],
  'several operators': [
    {
      before: { version: 3, available: 10, holds: [] },
      filter: { version: 3, available: { $gte: 2 }, 'holds.orderId': { $ne: 'x' } },
      update: {
        $inc: { version: 1, available: -2 },
        $push: { holds: { orderId: 'x' } },
        $set: { at: 1 },
        $unset: { old: 1 },
      },
      after: { version: 4, available: 8, holds: [{ orderId: 'x' }], at: 1 },
    },
  ],
  pipeline: [
    {
      before: { a: 1, b: 2 },
      update: [{ $set: { sum: { $add: ['$a', '$b'] } } }, { $unset: 'a' }],
      after: { b: 2, sum: 3 },
    },
    { before: { a: 1 }, update: [{ $replaceWith: { $mergeObjects: ['$$ROOT', { c: '$a' }] } }], after: { a: 1, c: 1 } },
    {
      before: { l: [1, 2, 3] },
      update: [{ $set: { l: { $filter: { input: '$l', cond: { $gt: ['$$this', 1] } } } } }],
      after: { l: [2, 3] },
    },
  ],
}

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases)('$before with $update', async ({ before, update, after, filter, arrayFilters }) => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, ...before })
    const result = await collection.updateOne({ _id: 1, ...filter }, update, { arrayFilters: arrayFilters ?? [] })
    const read = await collection.findOne({ _id: 1 })
    expect(read).toEqual({ _id: 1, ...after })
    expect(Object.keys(read ?? {})).toEqual(Object.keys({ _id: 1, ...after }))
    expect(result.matchedCount).toBe(1)
    expect(result.modifiedCount).toBe(JSON.stringify(before) === JSON.stringify(after) ? 0 : 1)
  })
})

describe('number types', () => {
  const raw = { promoteValues: false, promoteLongs: false }
  type Numeric = Int32 | Long | Double | Decimal128
  const cases: [string, Numeric, Numeric, Numeric][] = [
    ['int and int', new Int32(1), new Int32(2), new Int32(3)],
    ['int and long', new Int32(1), Long.fromNumber(2), Long.fromNumber(3)],
    ['int and double', new Int32(1), new Double(2), new Double(3)],
    ['long and double', Long.fromNumber(1), new Double(2), new Double(3)],
    ['double and decimal', new Double(1), Decimal128.fromString('2.5'), Decimal128.fromString('3.5')],
    ['an int that overflows', new Int32(2147483647), new Int32(1), Long.fromString('2147483648')],
  ]
  test.each(cases)('$inc of %s', async (_, before, by, after) => {
    const collection = mongo.collection()
    await collection.insertOne({ a: before })
    await collection.updateOne({}, { $inc: { a: by } })
    const read = await collection.findOne({}, raw)
    expect(String(read?.a)).toBe(String(after))
    expect(read?.a?._bsontype).toBe(after._bsontype)
  })

  test('an untouched Long stays a Long', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ l: Long.fromNumber(5), d: new Double(5), x: 1 })
    await collection.updateOne({}, { $set: { x: 2 } })
    const read = await collection.findOne({}, raw)
    expect([read?.l?._bsontype, read?.d?._bsontype]).toEqual(['Long', 'Double'])
  })

  test('a long that overflows is refused', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ a: Long.MAX_VALUE })
    expect(await codeOf(collection.updateOne({}, { $inc: { a: 1 } }))).toBe(2)
  })
})

describe('$currentDate and $setOnInsert', () => {
  test('sets dates and timestamps', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1 })
    const update: Document = { $currentDate: { at: true, on: { $type: 'timestamp' } } }
    await collection.updateOne({ _id: 1 }, update)
    const read = await collection.findOne({ _id: 1 })
    expect(read?.at).toBeInstanceOf(Date)
    expect(read?.on).toBeInstanceOf(Timestamp)
  })

  test('$setOnInsert applies to inserts only', async () => {
    const collection = mongo.collection()
    const update = { $set: { a: 1 }, $setOnInsert: { made: true } }
    await collection.updateOne({ _id: 1 }, update, { upsert: true })
    await collection.updateOne({ _id: 1 }, { $set: { a: 2 }, $setOnInsert: { made: 'again' } }, { upsert: true })
    expect(await collection.findOne()).toEqual({ _id: 1, a: 2, made: true })
  })
})

describe('upsert', () => {
  const cases: [Document, Document, Document][] = [
    [{ _id: 1, a: 5 }, { $set: { b: 1 } }, { _id: 1, a: 5, b: 1 }],
    [{ _id: 1, 'a.b': 5 }, { $set: { c: 1 } }, { _id: 1, a: { b: 5 }, c: 1 }],
    [{ _id: 1, a: { $gt: 5 } }, { $set: { b: 1 } }, { _id: 1, b: 1 }],
    [{ _id: 1, a: { $eq: 5 } }, { $inc: { n: 2 } }, { _id: 1, a: 5, n: 2 }],
    [{ $and: [{ _id: 1 }, { a: 2 }] }, { $push: { l: 1 } }, { _id: 1, a: 2, l: [1] }],
  ]
  test.each(cases)('%o and %o', async (filter, update, expected) => {
    const collection = mongo.collection()
    const result = await collection.updateOne(filter, update, { upsert: true })
    expect(result).toMatchObject({ matchedCount: 0, modifiedCount: 0, upsertedCount: 1, upsertedId: 1 })
    expect(await collection.findOne()).toEqual(expected)
  })

  test('a replacement keeps the _id of the filter', async () => {
    const collection = mongo.collection()
    await collection.replaceOne({ _id: 7, a: 1 }, { b: 2 }, { upsert: true })
    expect(await collection.findOne()).toEqual({ _id: 7, b: 2 })
  })
})

describe('refuses', () => {
  const cases: [string, Document, number][] = [
    ['two operators on one path', { $set: { a: 1 }, $inc: { a: 1 } }, 40],
    ['a path within another', { $set: { a: 1, 'a.b': 1 } }, 40],
    ['an unknown operator', { $foo: { a: 1 } }, 9],
    ['a change of _id', { $set: { _id: 2 } }, 66],
    ['$inc by a string', { $inc: { n: 'x' } }, 14],
    ['$inc of a string', { $inc: { s: 1 } }, 14],
    ['$push to what is no array', { $push: { s: 1 } }, 2],
    ['$addToSet to what is no array', { $addToSet: { s: 1 } }, 2],
    ['$pop of what is no array', { $pop: { s: 1 } }, 14],
    ['$pull from what is no array', { $pull: { s: 1 } }, 2],
    ['a field below a number', { $set: { 'n.x': 1 } }, 28],
    ['$ without a match on an array', { $set: { 'l.$': 1 } }, 2],
    ['$[name] without its filter', { $set: { 'l.$[x]': 1 } }, 2],
    ['an empty path', { $set: { 'a..b': 1 } }, 56],
    ['$set of what is no document', { $set: 5 }, 9],
    ['$bit on a string', { $bit: { s: { and: 1 } } }, 2],
    ['$rename onto itself', { $rename: { n: 'n' } }, 2],
    ['$currentDate of a wrong type', { $currentDate: { a: { $type: 'nonsense' } } }, 2],
  ]
  test.each(cases)('%s and changes nothing', async (_, update, code) => {
    const collection = mongo.collection()
    const document = { _id: 1, n: 1, s: 'x', l: [1] }
    await collection.insertOne({ ...document })
    const { db } = mongo.server()
    const reply = db.command({ update: collection.collectionName, updates: [{ q: { _id: 1 }, u: update }] })
    expect(await reply).toMatchObject({ ok: 1, writeErrors: [{ index: 0, code }] })
    expect(await collection.findOne()).toEqual(document)
  })

  test('an array filter that is not used', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ l: [1] })
    const update = collection.updateOne({}, { $set: { a: 1 } }, { arrayFilters: [{ x: 1 }] })
    expect(await codeOf(update)).toBe(9)
  })

  test('a replacement with another _id, and a replacement of many', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, a: 1 })
    expect((await failure(collection.replaceOne({ a: 1 }, { _id: 2, a: 1 }))).code).toBe(66)
    const { db } = mongo.server()
    const many = await db.command({ update: collection.collectionName, updates: [{ q: {}, u: { b: 1 }, multi: true }] })
    expect(many).toMatchObject({ writeErrors: [{ code: 9 }] })
  })

  test('the names of conflicting paths are told', async () => {
    const collection = mongo.collection()
    const error = await failure(collection.updateOne({}, { $set: { a: 1 }, $inc: { 'a.b': 1 } }))
    expect(error.message).toBe("Updating the path 'a.b' would create a conflict at 'a'")
  })
})

describe('many documents', () => {
  test('updateMany counts what matched and what changed', async () => {
    const collection = mongo.collection()
    await collection.insertMany([1, 2, 3].map((n) => ({ a: n % 2, b: 1 })))
    expect(await collection.updateMany({ a: 1 }, { $set: { b: 2 } })).toMatchObject({
      matchedCount: 2,
      modifiedCount: 2,
    })
    expect(await collection.updateMany({}, { $set: { b: 2 } })).toMatchObject({ matchedCount: 3, modifiedCount: 1 })
  })

  test('an update that moves documents along the index it reads by visits each once', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ n: 1 })
    await collection.insertMany(Array.from({ length: 600 }, (_, n) => ({ n })))
    expect(await collection.updateMany({ n: { $gte: 0 } }, { $inc: { n: 1000 } })).toMatchObject({ modifiedCount: 600 })
    expect(await collection.countDocuments({ n: { $gte: 1000, $lt: 1600 } })).toBe(600)
  })
})
