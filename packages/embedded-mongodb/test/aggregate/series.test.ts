import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

async function through(documents: Document[], ...pipeline: Document[]): Promise<Document[]> {
  const collection = mongo.collection()
  if (documents.length > 0) await collection.insertMany(documents)
  return collection.aggregate(pipeline).toArray()
}

const hour = (n: number): Date => new Date(Date.UTC(2024, 0, 1, n))

describe('$densify', () => {
  test('makes up missing numbers between the least and the greatest', async () => {
    const range = { step: 2, bounds: 'full' }
    const made = await through([{ v: 1 }, { v: 4 }, { v: 7 }, {}], { $densify: { field: 'v', range } })
    expect(made.map(({ v }): unknown => v)).toEqual([undefined, 1, 3, 4, 5, 7])
  })

  test('makes up missing dates within given bounds, and leaves out the upper one', async () => {
    const range = { step: 1, unit: 'hour', bounds: [hour(0), hour(4)] }
    const made = await through([{ d: hour(1) }, { d: hour(6) }], { $densify: { field: 'd', range } })
    expect(made.map(({ d }): unknown => d)).toEqual([0, 1, 2, 3, 6].map(hour))
  })

  test('goes partition by partition, with their fields', async () => {
    const documents = [
      { p: 'a', v: 1 },
      { p: 'a', v: 3 },
      { p: 'b', v: 2 },
    ]
    const dense = (bounds: string): Promise<Document[]> =>
      through(
        documents,
        { $densify: { field: 'v', partitionByFields: ['p'], range: { step: 1, bounds } } },
        { $project: { _id: 0 } },
      )
    expect(await dense('partition')).toEqual([
      { p: 'a', v: 1 },
      { p: 'a', v: 2 },
      { p: 'a', v: 3 },
      { p: 'b', v: 2 },
    ])
    expect((await dense('full')).filter(({ p }) => p === 'b').map(({ v }): unknown => v)).toEqual([1, 2, 3])
  })

  test('refuses what is no sequence', async () => {
    const field = 'v'
    expect(await codeOf(through([], { $densify: { field, range: { step: 0, bounds: 'full' } } }))).toBe(5733401)
    expect(await codeOf(through([], { $densify: { field, range: { step: 1, bounds: 'all' } } }))).toBe(5946802)
    expect(await codeOf(through([{ v: 'x' }], { $densify: { field, range: { step: 1, bounds: 'full' } } }))).toBe(
      5733201,
    )
  })
})

describe('$fill', () => {
  const rows = [{ _id: 1, v: 1 }, { _id: 2 }, { _id: 3, v: 5 }, { _id: 4, w: null }]

  test('interpolates, and stays null where one side is open', async () => {
    const filled = await through(rows, { $fill: { sortBy: { _id: 1 }, output: { v: { method: 'linear' } } } })
    expect(filled.map(({ v }): unknown => v)).toEqual([1, 3, 5, null])
  })

  test('carries the last value on, and fills in given ones', async () => {
    const output = { v: { method: 'locf' }, w: { value: { $add: ['$_id', 10] } } }
    const filled = await through(rows, { $fill: { sortBy: { _id: 1 }, output } })
    expect(filled.map(({ v, w }): unknown => [v, w])).toEqual([
      [1, 11],
      [1, 12],
      [5, 13],
      [5, 14],
    ])
  })

  test('knows partitions, and refuses unknown methods', async () => {
    const parted = [
      { _id: 1, p: 'a', v: 1 },
      { _id: 2, p: 'b' },
      { _id: 3, p: 'a' },
    ]
    const filled = await through(
      parted,
      { $fill: { partitionByFields: ['p'], sortBy: { _id: 1 }, output: { v: { method: 'locf' } } } },
      { $sort: { _id: 1 } },
    )
    expect(filled.map(({ v }): unknown => v)).toEqual([1, null, 1])
    expect(await codeOf(through([], { $fill: { output: { v: { method: 'cubic' } } } }))).toBe(6050202)
  })
})

describe('$setWindowFields', () => {
  const rows = [
    { _id: 1, t: hour(0), v: 1 },
    { _id: 2, t: hour(1), v: 3 },
    { _id: 3, t: hour(2), v: 7 },
  ]
  async function series(output: Document): Promise<unknown[]> {
    const found = await through(rows, { $setWindowFields: { sortBy: { t: 1 }, output: { s: output } } })
    return found.map(({ s }): unknown => s)
  }

  test('ranges over time', async () => {
    expect(await series({ $sum: '$v', window: { range: [-1, 0], unit: 'hour' } })).toEqual([1, 4, 10])
    expect(await series({ $sum: '$v', window: { range: [1, 'unbounded'], unit: 'hour' } })).toEqual([10, 7, 0])
  })

  test('derives and integrates', async () => {
    const input = '$v'
    const unit = 'hour'
    expect(await series({ $derivative: { input, unit }, window: { documents: [-1, 0] } })).toEqual([null, 2, 4])
    const growing = { documents: ['unbounded', 'current'] }
    expect(await series({ $integral: { input, unit }, window: growing })).toEqual([0, 2, 7])
  })

  test('averages exponentially', async () => {
    expect(await series({ $expMovingAvg: { input: '$v', N: 3 } })).toEqual([1, 2, 4.5])
    expect(await series({ $expMovingAvg: { input: '$v', alpha: 0.5 } })).toEqual([1, 2, 4.5])
  })

  test('knows covariance', async () => {
    const found = await series({ $covariancePop: ['$_id', '$v'] })
    expect(found).toEqual([expect.closeTo(2), expect.closeTo(2), expect.closeTo(2)])
    expect(await series({ $covarianceSamp: ['$_id', '$v'], window: { documents: [0, 1] } })).toEqual([1, 2, null])
  })

  test('refuses ranks without an order, and keys that are no dates', async () => {
    expect(await codeOf(through(rows, { $setWindowFields: { output: { s: { $rank: {} } } } }))).toBe(5371602)
    const output = { s: { $sum: '$v', window: { range: [-1, 0], unit: 'hour' } } }
    expect(await codeOf(through(rows, { $setWindowFields: { sortBy: { v: 1 }, output } }))).toBe(5429513)
  })
})
