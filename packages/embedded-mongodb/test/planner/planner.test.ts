import type { Collection, Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { idsOf, REAL_SERVER, type Row, useServer } from '../support/mongo.ts'

const mongo = useServer()

function accessOf(plan: Document): Document {
  return plan.inputStage === undefined ? plan : accessOf(plan.inputStage)
}

async function explain(collection: Collection<Row>, filter: Document, options: Document = {}) {
  const explained = await collection.find(filter, options).explain('executionStats')
  const { winningPlan } = explained.queryPlanner
  return {
    stages: JSON.stringify(winningPlan),
    access: accessOf(winningPlan),
    examined: Number(explained.executionStats.totalDocsExamined),
  }
}

async function filled(): Promise<Collection<Row>> {
  const collection = mongo.collection()
  await collection.insertMany(
    Array.from({ length: 1000 }, (_, i) => ({
      _id: i,
      sku: `sku-${i % 100}`,
      price: i % 37,
      status: ['new', 'paid', 'done'][i % 3],
      tags: [`t${i % 5}`, `u${i % 7}`],
      nested: { at: i },
    })),
  )
  return collection
}

describe.skipIf(REAL_SERVER !== undefined)('the planner', () => {
  const cases: [string, Document, Document, string, number][] = [
    ['equality', { sku: 'sku-7' }, {}, 'sku_1_price_-1', 10],
    ['equality and a range', { sku: 'sku-7', price: { $gte: 10, $lt: 20 } }, {}, 'sku_1_price_-1', 5],
    ['$in', { sku: { $in: ['sku-1', 'sku-2'] } }, {}, 'sku_1_price_-1', 20],
    ['_id', { _id: 5 }, {}, '_id_', 1],
    ['_id in a list', { _id: { $in: [5, 6, 7] } }, {}, '_id_', 3],
    ['a range of _id', { _id: { $gte: 5, $lt: 8 } }, {}, '_id_', 3],
    [
      'a sort on the rest of the index, limited',
      { sku: 'sku-7' },
      { sort: { price: -1 }, limit: 3 },
      'sku_1_price_-1',
      3,
    ],
    ['a sort backwards', { sku: 'sku-7' }, { sort: { price: 1 }, limit: 3 }, 'sku_1_price_-1', 3],
    ['a sort alone', {}, { sort: { 'nested.at': -1 }, limit: 5 }, 'nested.at_1', 5],
    ['elements of arrays', { tags: 'u3' }, {}, 'tags_1', 143],
    ['$elemMatch', { tags: { $elemMatch: { $eq: 'u3' } } }, {}, 'tags_1', 143],
    ['an embedded field', { 'nested.at': { $gt: 990 } }, {}, 'nested.at_1', 9],
    ['the beginning of a text', { sku: /^sku-99/ }, {}, 'sku_1_price_-1', 10],
    ['a partial index', { status: 'paid', price: 5 }, {}, 'price_1', 9],
  ]
  test.each(cases)('uses an index for %s', async (_, filter, options, index, most) => {
    const collection = await filled()
    await collection.createIndexes([
      { key: { sku: 1, price: -1 } },
      { key: { tags: 1 } },
      { key: { 'nested.at': 1 } },
      { key: { price: 1 }, partialFilterExpression: { status: 'paid' } },
    ])
    const plain = await filled()
    const { access, examined } = await explain(collection, filter, options)
    expect(access).toMatchObject({ stage: expect.stringMatching(/IXSCAN/), indexName: index })
    expect(examined).toBeLessThanOrEqual(most)
    expect(
      idsOf(
        await collection
          .find(filter, options)
          .sort({ ...options.sort, _id: 1 })
          .toArray(),
      ),
    ).toEqual(
      idsOf(
        await plain
          .find(filter, options)
          .sort({ ...options.sort, _id: 1 })
          .toArray(),
      ),
    )
  })

  test('scans when nothing fits, and says so', async () => {
    const collection = await filled()
    await collection.createIndex({ price: 1 }, { partialFilterExpression: { status: 'paid' } })
    await collection.createIndex({ rare: 1 }, { sparse: true })
    for (const filter of [{ price: 5 }, { rare: null }, { rare: { $exists: false } }, { status: { $ne: 'new' } }]) {
      expect((await explain(collection, filter)).access).toMatchObject({ stage: 'COLLSCAN' })
    }
  })

  test('answers $or from an index for each branch, each document once', async () => {
    const collection = await filled()
    await collection.createIndexes([{ key: { sku: 1 } }, { key: { 'nested.at': 1 } }])
    const filter = { $or: [{ sku: 'sku-5' }, { 'nested.at': { $lt: 10 } }] }
    expect((await explain(collection, filter)).stages).toContain('"stage":"OR"')
    expect(await collection.find(filter).toArray()).toHaveLength(19)
  })

  test('takes the more selective of two indexes', async () => {
    const collection = await filled()
    await collection.createIndexes([{ key: { status: 1 } }, { key: { 'nested.at': 1 } }])
    expect((await explain(collection, { status: 'paid', 'nested.at': 4 })).access).toMatchObject({
      indexName: 'nested.at_1',
    })
  })

  test.each<[string, Document, Record<string, 1 | -1>]>([
    ['a list of values, sorted by what follows', { status: { $in: ['new', 'paid'] } }, { price: 1, _id: 1 }],
    ['the same backwards', { status: { $in: ['new', 'paid'] } }, { price: -1, _id: -1 }],
    [
      'a list of values, sorted by themselves',
      { status: { $in: ['paid', 'new'] } },
      { status: -1, price: -1, _id: -1 },
    ],
    [
      'a list and a range',
      { status: { $in: ['new', 'paid', 'done'] }, price: { $gte: 5, $lt: 9 } },
      { price: 1, _id: 1 },
    ],
  ])('reads %s in order and stops at the limit', async (_, filter, sort) => {
    const collection = await filled()
    await collection.createIndex({ status: 1, price: 1, _id: 1 })
    const plain = await filled()
    const explained = await explain(collection, filter, { sort, limit: 10 })
    expect(explained.stages).not.toContain('"SORT"')
    expect(explained.examined).toBeLessThan(100)
    for (const limit of [3, 0]) {
      expect(idsOf(await collection.find(filter).sort(sort).limit(limit).toArray())).toEqual(
        idsOf(await plain.find(filter).sort(sort).limit(limit).toArray()),
      )
    }
  })

  test('looks up thousands of ids without a scan', async () => {
    const collection = await filled()
    const ids = Array.from({ length: 5000 }, (_, i) => i - 4000)
    const { access, examined } = await explain(collection, { _id: { $in: ids } })
    expect(access).toMatchObject({ stage: 'IXSCAN' })
    expect(examined).toBe(1000)
  })

  test('obeys hints and refuses unknown ones', async () => {
    const collection = await filled()
    await collection.createIndex({ status: 1 })
    expect((await explain(collection, { _id: 5 }, { hint: 'status_1' })).access).toMatchObject({
      indexName: 'status_1',
    })
    expect((await explain(collection, { status: 'paid' }, { hint: { $natural: 1 } })).access).toMatchObject({
      stage: 'COLLSCAN',
    })
    await expect(collection.find({}, { hint: 'nonsense' }).toArray()).rejects.toMatchObject({ code: 2 })
  })

  test('an update by an indexed field examines what it changes', async () => {
    const collection = await filled()
    await collection.createIndex({ sku: 1 })
    const { db } = mongo.server()
    const explained = await db.command({
      explain: {
        update: collection.collectionName,
        updates: [{ q: { sku: 'sku-3', price: 3 }, u: { $inc: { n: 1 } } }],
      },
    })
    expect(explained.executionStats.totalDocsExamined).toBe(10)
  })

  test('conditions on an element do not hold for what is no array', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ 'l.a': 1, 'l.b': 1 })
    await collection.insertOne({ _id: 1, l: { a: 1, b: 2 } })
    expect(await collection.find({ l: { $elemMatch: { a: 1, b: 2 } } }).toArray()).toEqual([])
    expect(await collection.find({ l: { $elemMatch: { a: 1 } }, 'l.b': 2 }).toArray()).toEqual([])
    expect(idsOf(await collection.find({ 'l.a': 1, 'l.b': 2 }).toArray())).toEqual([1])
  })

  test('conditions on two fields of one array need not meet in one element', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ 'l.a': 1, 'l.b': 1 })
    await collection.insertMany([
      {
        _id: 1,
        l: [
          { a: 1, b: 9 },
          { a: 2, b: 2 },
        ],
      },
      { _id: 2, l: [{ a: 1, b: 2 }] },
    ])
    expect(idsOf(await collection.find({ 'l.a': 1, 'l.b': 2 }).sort({ _id: 1 }).toArray())).toEqual([1, 2])
    expect(idsOf(await collection.find({ l: { $elemMatch: { a: 1, b: 2 } } }).toArray())).toEqual([2])
  })
})

test('a page of one owner comes from the index of the owner, also from the middle of a long list', async () => {
  const collection = mongo.server().db.collection<{ _id: number; owner: string }>('pages')
  await collection.createIndex({ owner: 1, _id: -1 })
  await collection.insertMany(Array.from({ length: 20_000 }, (_, _id) => ({ _id, owner: `o${_id % 20}` })))
  for (const filter of [{ owner: 'o7' }, { owner: 'o7', gone: { $exists: false } }]) {
    const page = collection.find({ ...filter, _id: { $lt: 10_000 } }).sort({ _id: -1 })
    const explained = await page.limit(50).explain('executionStats')
    expect(explained['executionStats']).toMatchObject({ nReturned: 50, totalDocsExamined: 50 })
  }
})
