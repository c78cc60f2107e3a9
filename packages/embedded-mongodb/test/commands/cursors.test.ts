import { Long } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

async function filled(count: number): Promise<ReturnType<typeof mongo.collection>> {
  const collection = mongo.collection()
  await collection.insertMany(
    Array.from({ length: count }, (_, _id) => ({ _id: _id, n: _id % 7, pad: 'x'.repeat(20) })),
  )
  return collection
}

describe('cursors', () => {
  test.each([1, 2, 7, 101, 1000])('give everything once in batches of %d', async (batchSize) => {
    const collection = await filled(500)
    expect(idsOf(await collection.find().batchSize(batchSize).toArray())).toEqual(
      Array.from({ length: 500 }, (_, i) => i),
    )
    const sorted = await collection
      .find({ n: { $lt: 3 } })
      .sort({ n: 1, _id: -1 })
      .batchSize(batchSize)
      .toArray()
    expect(sorted).toHaveLength(216)
    expect(sorted[0]).toMatchObject({ n: 0, _id: 497 })
    expect(await collection.aggregate([{ $match: { n: 1 } }], { batchSize }).toArray()).toHaveLength(72)
  })

  test('first batches hold 101 documents, and limit closes the cursor', async () => {
    const collection = await filled(300)
    const { db } = mongo.server()
    const name = collection.collectionName
    const first = await db.command({ find: name })
    expect(first.cursor.firstBatch).toHaveLength(101)
    expect(first.cursor.ns).toBe(collection.namespace)
    const more = await db.command({ getMore: first.cursor.id, collection: name })
    expect(more.cursor.nextBatch).toHaveLength(199)
    expect(Number(more.cursor.id)).toBe(0)
    const limited = await db.command({ find: name, limit: 5, batchSize: 5 })
    expect(Number(limited.cursor.id)).toBe(0)
    const single = await db.command({ find: name, batchSize: 5, singleBatch: true })
    expect(Number(single.cursor.id)).toBe(0)
    const none = await db.command({ find: name, batchSize: 0 })
    expect(none.cursor.firstBatch).toHaveLength(0)
    expect(Number(none.cursor.id)).not.toBe(0)
    await db.command({ killCursors: name, cursors: [none.cursor.id] })
  })

  test('what was killed or never was is not found', async () => {
    const collection = await filled(300)
    const { db } = mongo.server()
    const name = collection.collectionName
    const { cursor } = await db.command({ find: name, batchSize: 2 }, { promoteLongs: false })
    const killed = await db.command({ killCursors: name, cursors: [cursor.id, Long.fromNumber(12345)] })
    expect(killed.cursorsKilled).toHaveLength(1)
    expect(killed.cursorsNotFound).toHaveLength(1)
    expect(await codeOf(db.command({ getMore: cursor.id, collection: name }))).toBe(43)
  })

  test('a scan sees what changed while it was paused', async () => {
    const collection = await filled(50)
    const cursor = collection.find().batchSize(10)
    const seen: unknown[] = []
    for (let i = 0; i < 10; i++) seen.push((await cursor.next())?._id)
    await collection.deleteMany({ _id: { $gte: 10, $lt: 40 } })
    for await (const document of cursor) seen.push(document._id)
    expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 40, 41, 42, 43, 44, 45, 46, 47, 48, 49])
  })

  test('large results come in replies below the limit of a message', async () => {
    const collection = mongo.collection()
    const pad = 'x'.repeat(1024 * 1024)
    await collection.insertMany(Array.from({ length: 40 }, (_, _id) => ({ _id: _id, pad })))
    expect(await collection.find().batchSize(100).toArray()).toHaveLength(40)
  })
})

describe('count and distinct', () => {
  test('count honours query, skip and limit', async () => {
    const collection = await filled(20)
    const { db } = mongo.server()
    const count = async (rest: object): Promise<unknown> =>
      (await db.command({ count: collection.collectionName, ...rest })).n
    expect(await count({})).toBe(20)
    expect(await count({ query: { n: 1 } })).toBe(3)
    expect(await count({ query: { n: { $lt: 3 } }, skip: 2, limit: 4 })).toBe(4)
    expect(await collection.countDocuments({ n: 1 }, { limit: 2 })).toBe(2)
  })

  test('distinct looks into arrays and embedded documents', async () => {
    const collection = mongo.collection()
    await collection.insertMany([{ t: ['a', 'b'], l: [{ x: 1 }, { x: 2 }] }, { t: 'b', l: { x: 2 } }, { t: null }, {}])
    expect(await collection.distinct('t')).toEqual(['a', 'b', null])
    expect(await collection.distinct('l.x')).toEqual([1, 2])
    expect(await collection.distinct('t', { 'l.x': 1 })).toEqual(['a', 'b'])
  })

  test('maxTimeMS ends what takes too long', async () => {
    const collection = await filled(3000)
    const slow = collection
      .find({ $expr: { $gt: [{ $size: { $range: [0, 20000] } }, { $add: ['$n', 100000] }] } })
      .maxTimeMS(30)
      .toArray()
    expect(await codeOf(slow)).toBe(50)
  })
})
