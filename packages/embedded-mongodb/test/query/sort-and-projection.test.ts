import { Decimal128, type Document, Double, Long, MaxKey, MinKey, ObjectId, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

const EVERY_TYPE: Document[] = [
  { _id: 'minKey', v: new MinKey() },
  { _id: 'empty', v: [] },
  { _id: 'missing' },
  { _id: 'null', v: null },
  { _id: 'nan', v: Number.NaN },
  { _id: 'minus', v: Number.NEGATIVE_INFINITY },
  { _id: 'long', v: Long.fromString('-9007199254740993') },
  { _id: 'double', v: new Double(-9007199254740992) },
  { _id: 'decimal', v: Decimal128.fromString('0.1') },
  { _id: 'tenth', v: 0.1 },
  { _id: 'int', v: 1 },
  { _id: 'text', v: 'B' },
  { _id: 'lower', v: 'a' },
  { _id: 'object', v: { a: 1 } },
  { _id: 'oid', v: new ObjectId('64b7f0000000000000000001') },
  { _id: 'false', v: false },
  { _id: 'true', v: true },
  { _id: 'date', v: new Date(0) },
  { _id: 'timestamp', v: new Timestamp({ t: 1, i: 1 }) },
  { _id: 'regex', v: /x/ },
  { _id: 'maxKey', v: new MaxKey() },
]
const ORDER = [
  'minKey',
  'empty',
  'missing',
  'null',
  'nan',
  'minus',
  'long',
  'double',
  'decimal',
  'tenth',
  'int',
  'text',
  'lower',
  'object',
  'oid',
  'false',
  'true',
  'date',
  'timestamp',
  'regex',
  'maxKey',
]

describe('sort', () => {
  test.each([false, true])('orders values of every type (index: %s)', async (indexed) => {
    const collection = mongo.collection()
    await collection.insertMany(EVERY_TYPE.toReversed())
    if (indexed) await collection.createIndex({ v: 1, _id: 1 })
    const up = idsOf(await collection.find().sort({ v: 1, _id: 1 }).toArray())
    const same = (ids: unknown[]): unknown[] => ids.filter((id) => id !== 'missing' && id !== 'null')
    expect(same(up)).toEqual(same(ORDER))
    const down = idsOf(await collection.find().sort({ v: -1, _id: -1 }).toArray())
    expect(same(down)).toEqual(same(ORDER.toReversed()))
  })

  test('an array sorts by its least element going up and by its greatest going down', async () => {
    const collection = mongo.collection()
    await collection.insertMany([
      { _id: 1, v: [5, 20] },
      { _id: 2, v: 10 },
      { _id: 3, v: [1, 7] },
    ])
    expect(idsOf(await collection.find().sort({ v: 1 }).toArray())).toEqual([3, 1, 2])
    expect(idsOf(await collection.find().sort({ v: -1 }).toArray())).toEqual([1, 2, 3])
  })

  test('goes by several fields, with skip and limit', async () => {
    const collection = mongo.collection()
    await collection.insertMany([1, 2, 3, 4, 5, 6].map((n) => ({ _id: n, a: n % 2, b: { c: -n } })))
    expect(idsOf(await collection.find().sort({ a: 1, 'b.c': 1 }).skip(1).limit(3).toArray())).toEqual([4, 2, 5])
  })

  test('$natural gives the order of insertion and its reverse', async () => {
    const collection = mongo.collection()
    await collection.insertMany([{ _id: 3 }, { _id: 1 }, { _id: 2 }])
    expect(idsOf(await collection.find().sort({ $natural: 1 }).toArray())).toEqual([3, 1, 2])
    expect(idsOf(await collection.find().sort({ $natural: -1 }).toArray())).toEqual([2, 1, 3])
  })
})

describe('projection', () => {
  const document = { _id: 1, a: 1, b: { c: 2, d: 3 }, l: [{ x: 1, y: 1 }, { x: 2, y: 2 }, 5], n: [1, 2, 3, 4, 5] }
  const cases: [Document, Document][] = [
    [{ a: 1 }, { _id: 1, a: 1 }],
    [{ a: 1, _id: 0 }, { a: 1 }],
    [{ 'b.c': 1 }, { _id: 1, b: { c: 2 } }],
    [{ b: { c: 1 } }, { _id: 1, b: { c: 2 } }],
    [
      { b: 0, l: 0, n: 0 },
      { _id: 1, a: 1 },
    ],
    [{ 'l.x': 1 }, { _id: 1, l: [{ x: 1 }, { x: 2 }] }],
    [
      { 'l.x': 0, n: 0, b: 0 },
      { _id: 1, a: 1, l: [{ y: 1 }, { y: 2 }, 5] },
    ],
    [
      { _id: 0, n: { $slice: 2 }, a: 1 },
      { a: 1, n: [1, 2] },
    ],
    [
      { _id: 0, n: { $slice: -2 }, a: 1 },
      { a: 1, n: [4, 5] },
    ],
    [
      { _id: 0, n: { $slice: [1, 2] }, a: 1 },
      { a: 1, n: [2, 3] },
    ],
    [
      { _id: 0, n: { $slice: [-3, 2] }, a: 1 },
      { a: 1, n: [3, 4] },
    ],
    [{ n: { $slice: 1 } }, { ...document, n: [1] }],
    [{ _id: 0, l: { $elemMatch: { x: 2 } } }, { l: [{ x: 2, y: 2 }] }],
    [{ _id: 0, l: { $elemMatch: { x: 9 } } }, {}],
    [{ _id: 0, n: { $elemMatch: { $gt: 2 } } }, { n: [3] }],
    [{ _id: 0, sum: { $add: ['$a', '$b.c'] } }, { sum: 3 }],
    [
      { _id: 0, copy: '$b.d', a: 1 },
      { a: 1, copy: 3 },
    ],
    [{ _id: 1 }, { _id: 1 }],
    [{ _id: 0 }, { a: 1, b: document.b, l: document.l, n: document.n }],
  ]
  test.each(cases.map(([projection, expected]) => ({ projection, expected })))(
    '$projection',
    async ({ projection, expected }) => {
      const collection = mongo.collection()
      await collection.insertOne({ ...document })
      expect(await collection.findOne({}, { projection })).toEqual(expected)
    },
  )

  test('the positional operator shows the element that matched', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, l: [{ x: 1 }, { x: 2 }, { x: 3 }], n: [5, 9] })
    expect(await collection.findOne({ 'l.x': 2 }, { projection: { 'l.$': 1 } })).toEqual({ _id: 1, l: [{ x: 2 }] })
    expect(await collection.findOne({ n: { $gt: 6 } }, { projection: { 'n.$': 1 } })).toEqual({ _id: 1, n: [9] })
    expect(await collection.findOne({ l: { $elemMatch: { x: { $gte: 2 } } } }, { projection: { 'l.$': 1 } })).toEqual({
      _id: 1,
      l: [{ x: 2 }],
    })
  })

  const refused: [string, Document, number][] = [
    ['exclusion within inclusion', { a: 1, b: 0 }, 31254],
    ['inclusion within exclusion', { a: 0, b: 1 }, 31253],
    ['paths that collide', { b: 1, 'b.c': 1 }, 31249],
    ['an unknown expression', { a: { $nonsense: 1 } }, 168],
  ]
  test.each(refused)('refuses %s', async (_, projection, code) => {
    const collection = mongo.collection()
    await collection.insertOne({ a: 1, b: { c: 1 } })
    expect(await codeOf(collection.find({}, { projection }).toArray())).toBe(code)
  })
})

describe('collation', () => {
  const insensitive = { locale: 'en', strength: 2 }
  test.each([false, true])('strength 2 ignores case (index: %s)', async (indexed) => {
    const collection = mongo.collection()
    await collection.insertMany(['Bob', 'bob', 'alice', 'Álice'].map((_id) => ({ _id, name: _id })))
    if (indexed) await collection.createIndex({ name: 1 }, { collation: insensitive })
    expect(
      idsOf(await collection.find({ name: 'BOB' }, { collation: insensitive }).sort({ _id: 1 }).toArray()),
    ).toEqual(['Bob', 'bob'])
    expect(idsOf(await collection.find({ name: 'ALICE' }, { collation: insensitive }).toArray())).toEqual(['alice'])
    expect(await collection.countDocuments({ name: 'BOB' })).toBe(0)
    expect(await collection.distinct('name', {}, { collation: insensitive })).toHaveLength(3)
  })

  test('a unique index with a collation refuses the same name in other letters', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ name: 1 }, { unique: true, collation: insensitive })
    await collection.insertOne({ name: 'Ann' })
    expect(await codeOf(collection.insertOne({ name: 'ANN' }))).toBe(11000)
  })

  test('sorts by it', async () => {
    const collection = mongo.collection()
    await collection.insertMany(['b', 'A', 'a', 'C'].map((_id) => ({ _id })))
    expect(idsOf(await collection.find().sort({ _id: 1 }).toArray())).toEqual(['A', 'C', 'a', 'b'])
    const sorted = await collection.find().collation({ locale: 'en' }).sort({ _id: 1 }).toArray()
    expect(idsOf(sorted)).toEqual(['a', 'A', 'b', 'C'])
  })
})

describe('text search', () => {
  test('finds words, phrases, and leaves out what is excluded', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ title: 'text', body: 'text' }, { weights: { title: 5 } })
    await collection.insertMany([
      { _id: 1, title: 'Coffee beans', body: 'roasted slowly' },
      { _id: 2, title: 'Tea', body: 'not coffee at all' },
      { _id: 3, title: 'Cups', body: 'for drinking tea or coffee beans' },
    ])
    const search = async (text: string): Promise<unknown[]> =>
      idsOf(
        await collection
          .find({ $text: { $search: text } })
          .sort({ _id: 1 })
          .toArray(),
      )
    expect(await search('coffee')).toEqual([1, 2, 3])
    expect(await search('bean')).toEqual([1, 3])
    expect(await search('"coffee beans" -tea')).toEqual([1])
    expect(await search('tea cups')).toEqual([2, 3])
    const ranked = await collection
      .find({ $text: { $search: 'coffee' } }, { projection: { score: { $meta: 'textScore' } } })
      .sort({ score: { $meta: 'textScore' } })
      .toArray()
    expect(ranked[0]).toMatchObject({ _id: 1 })
    expect(ranked[0]?.score).toBeGreaterThan(1)
  })
})
