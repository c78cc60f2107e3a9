import type { Document } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { codeOf, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

const ORDERS = [
  { _id: 1, sku: 'a', qty: 2, price: 10, tags: ['x', 'y'], at: new Date('2024-01-01') },
  { _id: 2, sku: 'b', qty: 1, price: 20, tags: [], at: new Date('2024-01-02') },
  { _id: 3, sku: 'a', qty: 5, price: 10, tags: ['y'], at: new Date('2024-01-03') },
  { _id: 4, sku: 'c', qty: 3, price: 30, at: new Date('2024-02-01') },
]
const STOCK = [
  { _id: 'a', onHand: 5, parent: null },
  { _id: 'b', onHand: 0, parent: 'a' },
  { _id: 'd', onHand: 9, parent: 'b' },
]

const CASES: Record<string, [Document[], Document[]][]> = {
  '$match, $sort, $skip, $limit': [
    [
      [{ $match: { sku: 'a' } }, { $sort: { qty: -1 } }, { $project: { _id: 1 } }],
      [{ _id: 3 }, { _id: 1 }],
    ],
    [
      [{ $sort: { _id: -1 } }, { $skip: 1 }, { $limit: 2 }, { $project: { _id: 1 } }],
      [{ _id: 3 }, { _id: 2 }],
    ],
    [
      [{ $sort: { _id: 1 } }, { $limit: 3 }, { $skip: 1 }, { $project: { _id: 1 } }],
      [{ _id: 2 }, { _id: 3 }],
    ],
    [[{ $limit: 2 }, { $match: { sku: 'b' } }, { $project: { _id: 1 } }], [{ _id: 2 }]],
  ],
  $group: [
    [
      [
        { $group: { _id: '$sku', n: { $sum: 1 }, qty: { $sum: '$qty' }, ids: { $push: '$_id' } } },
        { $sort: { _id: 1 } },
      ],
      [
        { _id: 'a', n: 2, qty: 7, ids: [1, 3] },
        { _id: 'b', n: 1, qty: 1, ids: [2] },
        { _id: 'c', n: 1, qty: 3, ids: [4] },
      ],
    ],
    [
      [
        { $sort: { _id: 1 } },
        {
          $group: {
            _id: null,
            avg: { $avg: '$qty' },
            min: { $min: '$qty' },
            max: { $max: '$qty' },
            first: { $first: '$sku' },
            last: { $last: '$sku' },
            n: { $count: {} },
          },
        },
      ],
      [{ _id: null, avg: 2.75, min: 1, max: 5, first: 'a', last: 'c', n: 4 }],
    ],
    [
      [
        { $group: { _id: { month: { $month: '$at' } }, value: { $sum: { $multiply: ['$qty', '$price'] } } } },
        { $sort: { '_id.month': 1 } },
      ],
      [
        { _id: { month: 1 }, value: 90 },
        { _id: { month: 2 }, value: 90 },
      ],
    ],
    [
      [
        {
          $group: {
            _id: '$sku',
            top: { $top: { sortBy: { qty: -1 }, output: '$qty' } },
            two: { $firstN: { n: 1, input: '$qty' } },
          },
        },
        { $sort: { _id: 1 } },
        { $limit: 1 },
      ],
      [{ _id: 'a', top: 5, two: [2] }],
    ],
  ],
  '$project, $addFields, $unset, $replaceRoot': [
    [
      [{ $match: { _id: 1 } }, { $project: { total: { $multiply: ['$qty', '$price'] }, sku: 1 } }],
      [{ _id: 1, sku: 'a', total: 20 }],
    ],
    [[{ $match: { _id: 1 } }, { $project: { tags: 0, at: 0, price: 0 } }], [{ _id: 1, sku: 'a', qty: 2 }]],
    [
      [{ $match: { _id: 4 } }, { $addFields: { 'a.b': 1, a2: { c: '$qty' } } }, { $unset: ['at', 'price'] }],
      [{ _id: 4, sku: 'c', qty: 3, a: { b: 1 }, a2: { c: 3 } }],
    ],
    [[{ $match: { _id: 4 } }, { $replaceRoot: { newRoot: { k: '$sku' } } }], [{ k: 'c' }]],
    [[{ $match: { _id: 4 } }, { $set: { at: '$$REMOVE', price: '$$REMOVE' } }], [{ _id: 4, sku: 'c', qty: 3 }]],
  ],
  $unwind: [
    [
      [{ $unwind: '$tags' }, { $project: { tags: 1 } }],
      [
        { _id: 1, tags: 'x' },
        { _id: 1, tags: 'y' },
        { _id: 3, tags: 'y' },
      ],
    ],
    [
      [
        { $unwind: { path: '$tags', preserveNullAndEmptyArrays: true, includeArrayIndex: 'i' } },
        { $match: { _id: { $in: [1, 2, 4] } } },
        { $project: { tags: 1, i: 1 } },
      ],
      [
        { _id: 1, tags: 'x', i: 0 },
        { _id: 1, tags: 'y', i: 1 },
        { _id: 2, i: null },
        { _id: 4, i: null },
      ],
    ],
  ],
  '$count, $sortByCount, $bucket, $bucketAuto': [
    [[{ $match: { qty: { $gt: 1 } } }, { $count: 'n' }], [{ n: 3 }]],
    [[{ $match: { qty: { $gt: 100 } } }, { $count: 'n' }], []],
    [[{ $sortByCount: '$sku' }, { $limit: 1 }], [{ _id: 'a', count: 2 }]],
    [
      [{ $bucket: { groupBy: '$qty', boundaries: [0, 2, 4], default: 'more', output: { ids: { $push: '$_id' } } } }],
      [
        { _id: 0, ids: [2] },
        { _id: 2, ids: [1, 4] },
        { _id: 'more', ids: [3] },
      ],
    ],
    [
      [{ $bucketAuto: { groupBy: '$qty', buckets: 2 } }],
      [
        { _id: { min: 1, max: 3 }, count: 2 },
        { _id: { min: 3, max: 5 }, count: 2 },
      ],
    ],
  ],
  '$lookup, $graphLookup, $unionWith, $facet': [
    [
      [
        { $match: { _id: { $in: [1, 4] } } },
        { $lookup: { from: 'stock', localField: 'sku', foreignField: '_id', as: 's' } },
        { $project: { s: 1 } },
      ],
      [
        { _id: 1, s: [STOCK[0]] },
        { _id: 4, s: [] },
      ],
    ],
    [
      [
        { $match: { _id: 2 } },
        {
          $lookup: {
            from: 'stock',
            let: { q: '$qty' },
            pipeline: [{ $match: { $expr: { $gt: ['$onHand', '$$q'] } } }, { $project: { _id: 1 } }],
            as: 's',
          },
        },
        { $project: { s: 1 } },
      ],
      [{ _id: 2, s: [{ _id: 'a' }, { _id: 'd' }] }],
    ],
    [
      [
        { $match: { _id: 2 } },
        {
          $lookup: {
            from: 'stock',
            localField: 'sku',
            foreignField: '_id',
            pipeline: [{ $project: { onHand: 1, _id: 0 } }],
            as: 's',
          },
        },
        { $project: { s: 1 } },
      ],
      [{ _id: 2, s: [{ onHand: 0 }] }],
    ],
    [
      [
        { $match: { _id: 2 } },
        {
          $graphLookup: {
            from: 'stock',
            startWith: '$sku',
            connectFromField: 'parent',
            connectToField: '_id',
            as: 'up',
            depthField: 'd',
          },
        },
        { $project: { ids: '$up._id', d: '$up.d' } },
      ],
      [{ _id: 2, ids: ['b', 'a'], d: [0, 1] }],
    ],
    [
      [
        { $match: { _id: 1 } },
        { $project: { _id: 1 } },
        { $unionWith: { coll: 'stock', pipeline: [{ $match: { _id: 'd' } }, { $project: { _id: 1 } }] } },
      ],
      [{ _id: 1 }, { _id: 'd' }],
    ],
    [
      [{ $facet: { n: [{ $count: 'n' }], top: [{ $sort: { qty: -1 } }, { $limit: 1 }, { $project: { _id: 1 } }] } }],
      [{ n: [{ n: 4 }], top: [{ _id: 3 }] }],
    ],
  ],
  '$setWindowFields, $redact, $sample': [
    [
      [
        {
          $setWindowFields: {
            partitionBy: '$sku',
            sortBy: { _id: 1 },
            output: { run: { $sum: '$qty', window: { documents: ['unbounded', 'current'] } }, rank: { $rank: {} } },
          },
        },
        { $project: { run: 1, rank: 1 } },
        { $sort: { _id: 1 } },
      ],
      [
        { _id: 1, run: 2, rank: 1 },
        { _id: 2, run: 1, rank: 1 },
        { _id: 3, run: 7, rank: 2 },
        { _id: 4, run: 3, rank: 1 },
      ],
    ],
    [
      [{ $redact: { $cond: [{ $gt: ['$qty', 2] }, '$$KEEP', '$$PRUNE'] } }, { $project: { _id: 1 } }],
      [{ _id: 3 }, { _id: 4 }],
    ],
    [[{ $sample: { size: 2 } }, { $count: 'n' }], [{ n: 2 }]],
  ],
}

beforeAll(async () => {
  await mongo.collection('orders').insertMany(ORDERS)
  await mongo.collection('stock').insertMany(STOCK)
})

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases.map(([pipeline, expected]) => ({ pipeline, expected })))(
    '$pipeline',
    async ({ pipeline, expected }) => {
      expect(await mongo.collection('orders').aggregate(pipeline).toArray()).toEqual(expected)
    },
  )
})

describe('$out and $merge', () => {
  test('$out replaces a collection and keeps its indexes', async () => {
    const target = mongo.collection('target')
    await target.createIndex({ sku: 1 })
    await target.insertOne({ _id: 99, sku: 'old' })
    expect(
      await mongo
        .collection('orders')
        .aggregate([{ $match: { sku: 'a' } }, { $out: 'target' }])
        .toArray(),
    ).toEqual([])
    expect(idsOf(await target.find().toArray())).toEqual([1, 3])
    expect(await target.indexes()).toHaveLength(2)
  })

  test('$merge inserts, replaces, merges or fails', async () => {
    const target = mongo.collection('merged')
    await target.insertOne({ _id: 1, note: 'kept' })
    await mongo
      .collection('orders')
      .aggregate([{ $project: { qty: 1 } }, { $merge: 'merged' }])
      .toArray()
    expect(await target.findOne({ _id: 1 })).toEqual({ _id: 1, note: 'kept', qty: 2 })
    expect(await target.countDocuments()).toBe(4)
    const stages = (whenMatched: unknown): Document[] => [
      { $match: { _id: 1 } },
      { $project: { sku: 1 } },
      { $merge: { into: 'merged', on: '_id', whenMatched, whenNotMatched: 'discard' } },
    ]
    await mongo.collection('orders').aggregate(stages('replace')).toArray()
    expect(await target.findOne({ _id: 1 })).toEqual({ _id: 1, sku: 'a' })
    await mongo
      .collection('orders')
      .aggregate(stages([{ $set: { twice: { $concat: ['$sku', '$$new.sku'] } } }]))
      .toArray()
    expect(await target.findOne({ _id: 1 })).toEqual({ _id: 1, sku: 'a', twice: 'aa' })
    expect(await codeOf(mongo.collection('orders').aggregate(stages('fail')).toArray())).toBe(11000)
  })
})

describe('refuses', () => {
  test.each<[string, Document[], number]>([
    ['an unknown stage', [{ $nonsense: 1 }], 40324],
    ['two names in a stage', [{ $match: {}, $limit: 1 }], 40323],
    ['a limit of nothing', [{ $limit: 0 }], 15958],
    ['a group without _id', [{ $group: { n: { $sum: 1 } } }], 15955],
    ['an unknown accumulator', [{ $group: { _id: 1, n: { $nonsense: 1 } } }], 15952],
    ['$out before the end', [{ $out: 'x' }, { $match: {} }], 40601],
    ['a path without $', [{ $unwind: 'tags' }], 28818],
    ['a change stream', [{ $changeStream: {} }], 40573],
  ])('%s', async (_, pipeline, code) => {
    expect(await codeOf(mongo.collection('orders').aggregate(pipeline).toArray())).toBe(code)
  })

  test('an aggregate without a cursor', async () => {
    expect(await codeOf(mongo.server().db.command({ aggregate: 'orders', pipeline: [] }))).toBe(9)
  })
})
