import type { Document, FindOptions, Sort } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

function numbered(count: number): { _id: number; a: number }[] {
  return Array.from({ length: count }, (_, i) => ({ _id: i, a: i % 3 }))
}

describe('find', () => {
  test('between min and max of a hinted index', async () => {
    const collection = mongo.collection()
    await collection.insertMany(numbered(10))
    await collection.createIndex({ a: -1, _id: 1 })
    const within = collection.find({}).hint({ _id: 1 }).min({ _id: 5 }).max({ _id: 8 })
    expect(idsOf(await within.toArray())).toEqual([5, 6, 7])
    const descending = collection.find({}).hint({ a: -1, _id: 1 }).min({ a: 1, _id: 4 }).max({ a: 0, _id: 3 })
    expect(idsOf(await descending.toArray())).toEqual([4, 7, 0])
    expect(await codeOf(collection.find({}).min({ _id: 5 }).toArray())).toBe(51173)
    expect(await codeOf(collection.find({}).hint({ _id: 1 }).min({ a: 5 }).toArray())).toBe(51174)
  })

  test('shows record numbers and index keys', async () => {
    const collection = mongo.collection()
    await collection.insertMany(numbered(4))
    await collection.createIndex({ a: 1 })
    const [first] = await collection.find({ _id: 3 }).showRecordId(true).toArray()
    expect(first).toMatchObject({ _id: 3, a: 0, $recordId: expect.any(Number) })
    expect(await collection.find({ a: 0 }).returnKey(true).toArray()).toEqual([{ a: 0 }, { a: 0 }])
    expect(await collection.find({ _id: 3 }).returnKey(true).toArray()).toEqual([{ _id: 3 }])
    expect(await collection.find({}).returnKey(true).limit(1).toArray()).toEqual([{}])
  })

  test('samples by $sampleRate', async () => {
    const collection = mongo.collection()
    await collection.insertMany(numbered(200))
    expect(await collection.countDocuments({ $sampleRate: 1 })).toBe(200)
    expect(await collection.countDocuments({ $sampleRate: 0 })).toBe(0)
    expect(await codeOf(collection.find({ $sampleRate: 2 }).toArray())).toBe(2)
  })

  test('refuses to await data without a tailable cursor', async () => {
    expect(await codeOf(mongo.server().db.command({ find: 'x', awaitData: true }))).toBe(9)
  })

  test('ends at maxTimeMS', async () => {
    const collection = mongo.collection()
    await collection.insertMany(numbered(300))
    const from = collection.collectionName
    const never = { $lookup: { from, pipeline: [{ $match: { none: 1 } }], as: 'none' } }
    const slow = collection.aggregate([{ $lookup: { from, pipeline: [], as: 'all' } }, { $unwind: '$all' }, never], {
      maxTimeMS: 20,
    })
    expect(await failure(slow.toArray())).toMatchObject({
      code: 50,
      codeName: 'MaxTimeMSExpired',
      message: 'PlanExecutor error during aggregation :: caused by :: operation exceeded time limit',
    })
    expect(await codeOf(collection.find({}, { maxTimeMS: -1 }).toArray())).toBe(51024)
  })

  test('tells a cursor that its collection was dropped or renamed', async () => {
    for (const remove of ['drop', 'rename'] as const) {
      const collection = mongo.collection()
      await collection.insertMany(numbered(50))
      const cursor = collection.find().batchSize(10)
      await cursor.next()
      await (remove === 'drop' ? collection.drop() : collection.rename(`${collection.collectionName}_renamed`))
      expect(await failure(cursor.toArray())).toMatchObject({ code: 175, codeName: 'QueryPlanKilled' })
    }
  })

  test('takes an array element at the end of a path whole', async () => {
    const collection = mongo.collection()
    await collection.insertMany([
      { _id: 1, a: [5, [2, 4]] },
      { _id: 2, a: [5, 2] },
    ])
    expect(idsOf(await collection.find({ 'a.1': 2 }).toArray())).toEqual([2])
    expect(idsOf(await collection.find({ 'a.1': [2, 4] }).toArray())).toEqual([1])
    expect(idsOf(await collection.find({ 'a.1.0': 2 }).toArray())).toEqual([1])
  })
})

describe('a projection', () => {
  const document = { _id: 1, a: 1, b: { c: 2 }, arr: [1, 2, 3] }
  async function projected(projection: Document, filter: Document = {}): Promise<unknown> {
    const collection = mongo.collection()
    await collection.insertOne(document)
    return collection.findOne(filter, { projection })
  }

  test('may keep _id among exclusions', async () => {
    expect(await projected({ a: 0, _id: 1 })).toEqual({ _id: 1, b: { c: 2 }, arr: [1, 2, 3] })
    expect(await projected({ _id: 1, a: 0, b: 0 })).toEqual({ _id: 1, arr: [1, 2, 3] })
  })

  const refusals: [string, Document, number][] = [
    ['an exclusion among inclusions', { a: 1, b: 0 }, 31254],
    ['an inclusion among exclusions', { a: 0, b: 1 }, 31253],
    ['a computed field among exclusions', { a: 0, s: { $add: ['$a', 1] } }, 31252],
    ['a position that is left out', { 'arr.$': 0 }, 31395],
    ['a position without a condition', { 'arr.$': 1 }, 51246],
    ['a field and its parent', { b: 1, 'b.c': 1 }, 31249],
    ['a parent and its field', { 'b.c': 1, b: 1 }, 31250],
    ['an empty name within a path', { 'a..b': 1 }, 15998],
    ['a path that ends with a dot', { 'a.': 1 }, 40353],
    ['an unknown operator', { b: { $foo: 1 } }, 168],
    ['an empty document', { b: {} }, 51270],
    ['the score of a search that is not made', { s: { $meta: 'textScore' } }, 40218],
    ['unknown metadata', { s: { $meta: 'foo' } }, 17308],
  ]
  test.each(refusals)('refuses %s', async (_, projection, code) => {
    expect(await codeOf(projected(projection))).toBe(code)
  })
})

describe('a sort', () => {
  async function sorted(documents: Document[], sort: Sort, options: FindOptions = {}): Promise<unknown[]> {
    const collection = mongo.collection()
    await collection.insertMany(documents.map((fields, i) => ({ _id: i, ...fields })))
    return idsOf(await collection.find({}, options).sort(sort).toArray())
  }

  test('by two fields of one array takes them element by element', async () => {
    const pairs = [
      {
        a: [
          { x: 1, y: 9 },
          { x: 2, y: 1 },
        ],
      },
      { a: [{ x: 1, y: 5 }] },
    ]
    expect(await sorted(pairs, { 'a.x': 1, 'a.y': 1 })).toEqual([1, 0])
  })

  test('by two arrays is refused', async () => {
    const error = await failure(sorted([{ a: [1, 2], b: [3, 4] }], { a: 1, b: 1 }))
    expect(error.code).toBe(2)
    expect(error.message).toMatch(
      /^Executor error during find command: .* cannot sort with keys that are parallel arrays$/,
    )
  })

  test('in a language that nobody knows is refused', async () => {
    expect(await codeOf(sorted([{ a: 'x' }], { a: 1 }, { collation: { locale: 'xx_nope' } }))).toBe(2)
  })
})

test('$meta is an expression, too', async () => {
  const collection = mongo.collection()
  await collection.createIndex({ t: 'text' })
  await collection.insertMany([
    { _id: 1, t: 'tea' },
    { _id: 2, t: 'tea tea and a biscuit' },
  ])
  const scored = await collection
    .aggregate([{ $match: { $text: { $search: 'tea' } } }, { $addFields: { score: { $meta: 'textScore' } } }])
    .toArray()
  expect(scored.map(({ score }) => typeof score)).toEqual(['number', 'number'])
})
