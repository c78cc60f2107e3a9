import { type Document, Timestamp, UUID } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

async function evaluated(expression: unknown, fields: Document = {}): Promise<unknown> {
  const collection = mongo.collection()
  await collection.insertOne({ _id: 1, ...fields })
  const [result] = await collection.aggregate([{ $project: { _id: 0, result: expression } }]).toArray()
  return result?.result
}

describe('expressions added', () => {
  test('$median and $percentile over arrays', async () => {
    expect(await evaluated({ $median: { input: [1, 5, 3], method: 'approximate' } })).toBe(3)
    const input = [1, 2, 3, 4, 5]
    expect(await evaluated({ $percentile: { input, p: [0.5, 0.95], method: 'approximate' } })).toEqual([3, 5])
    expect(await codeOf(evaluated({ $median: { input, method: 'exact' } }))).toBe(2)
  })

  test('numbers as text, with two digits of exponent', async () => {
    expect(await evaluated([{ $toString: 1e-7 }, { $toString: 1e21 }, { $toString: 2.5 }])).toEqual([
      '1e-07',
      '1e+21',
      '2.5',
    ])
  })

  test('the parts of timestamps', async () => {
    const at = new Timestamp({ t: 5, i: 7 })
    expect(await evaluated([{ $tsSecond: '$at' }, { $tsIncrement: '$at' }], { at })).toEqual([5, 7])
    expect(await codeOf(evaluated({ $tsSecond: 5 }))).toBe(5687301)
  })

  test('binary data from text and back', async () => {
    const text = '0e3b9063-8abd-4eb3-9f9f-f4c59fd30a60'
    expect(await evaluated({ $toUUID: text })).toEqual(new UUID(text))
    expect(await evaluated({ $toString: { $toUUID: text } })).toBe(text)
    const bytes = { $convert: { input: 'aGk=', to: 'binData', format: 'base64' } }
    expect(await evaluated({ $convert: { input: bytes, to: 'string', format: 'utf8' } })).toBe('hi')
    expect(await evaluated({ $convert: { input: bytes, to: 'string', format: 'hex' } })).toBe('6869')
    expect(await codeOf(evaluated({ $toUUID: 'x' }))).toBe(241)
  })
})

describe('an expression is refused with the code of its fault', () => {
  const cases: [string, unknown, number][] = [
    ['$cond without then', { $cond: { if: true, else: 1 } }, 17081],
    ['$ifNull of one', { $ifNull: ['$a'] }, 1257300],
    ['$map without in', { $map: { input: [1] } }, 16882],
    ['$filter without cond', { $filter: { input: [1] } }, 28650],
    ['$reduce without initialValue', { $reduce: { input: [1], in: 1 } }, 40078],
    ['$dateToString of an unknown option', { $dateToString: { date: null, x: 1 } }, 18534],
    ['$trim without input', { $trim: {} }, 50695],
    ['an unknown operator', { $nope: 1 }, 168],
    ['a wrong number of operands', { $eq: [1] }, 16020],
    ['a logarithm of 0', { $ln: 0 }, 28766],
    ['a logarithm of a negative number', { $log10: -1 }, 28761],
    ['an angle that does not exist', { $acos: 2 }, 50989],
    ['division by zero', { $divide: [1, 0] }, 2],
    ['a variable that nothing defines', '$$nope', 17276],
    ['a variable outside of its operator', { $add: [{ $map: { input: [1], as: 'x', in: '$$x' } }, '$$x'] }, 17276],
  ]
  test.each(cases)('%s', async (_, expression, code) => {
    expect(await codeOf(evaluated(expression))).toBe(code)
  })

  test('also when there is nothing to evaluate it on', async () => {
    const collection = mongo.collection()
    expect(await codeOf(collection.find({ $expr: { $eq: ['$a', '$$nope'] } }).toArray())).toBe(17276)
    expect(await collection.find({ $expr: { $eq: ['$a', '$$x'] } }, { let: { x: 1 } }).toArray()).toEqual([])
  })
})

describe('a stage is refused with the code of its fault', () => {
  const cases: [string, Document, number][] = [
    ['$unwind of a number', { $unwind: 1 }, 15981],
    ['$unwind without a path', { $unwind: {} }, 28812],
    ['$unwind of a name', { $unwind: 'a' }, 28818],
    ['$unwind with an index that is a path', { $unwind: { path: '$a', includeArrayIndex: '$i' } }, 28822],
    ['$unwind that preserves a number', { $unwind: { path: '$a', preserveNullAndEmptyArrays: 1 } }, 28809],
    ['$count into nothing', { $count: '' }, 40157],
    ['$limit 0', { $limit: 0 }, 15958],
    ['an unknown stage', { $nope: 1 }, 40324],
    ['two stages in one', { $match: {}, $limit: 1 }, 40323],
  ]
  test.each(cases)('%s', async (_, stage, code) => {
    expect(await codeOf(mongo.collection().aggregate([stage]).toArray())).toBe(code)
  })

  test('naming the stage', async () => {
    const run = (stage: Document): Promise<unknown> => mongo.collection().aggregate([stage]).toArray()
    expect((await failure(run({ $project: { a: 0, b: 1 } }))).message).toBe(
      'Invalid $project :: caused by :: Cannot do inclusion on field b in exclusion projection',
    )
    expect((await failure(run({ $set: { a: { $nope: 1 } } }))).message).toBe(
      "Invalid $addFields :: caused by :: Unrecognized expression '$nope'",
    )
  })

  test('$merge that would change an _id', async () => {
    const target = mongo.collection()
    await target.createIndex({ k: 1 }, { unique: true })
    await target.insertOne({ _id: 9, k: 1 })
    const source = mongo.collection()
    await source.insertOne({ _id: 1, k: 1 })
    const merge = { into: target.collectionName, on: 'k', whenMatched: 'replace' }
    expect(await codeOf(source.aggregate([{ $merge: merge }]).toArray())).toBe(66)
    await source.aggregate([{ $project: { _id: 0 } }, { $set: { x: 1 } }, { $merge: merge }]).toArray()
    expect(await target.find().toArray()).toEqual([{ _id: 9, k: 1, x: 1 }])
  })
})

describe('sources', () => {
  test('change streams need a replica set, whatever they watch', async () => {
    const { client, db } = mongo.server()
    for (const watched of [mongo.collection(), db, client]) {
      const stream = watched.watch()
      expect(await codeOf(stream.next())).toBe(40573)
      await stream.close()
    }
  })

  test('$currentOp and sessions', async () => {
    const { client, db } = mongo.server()
    expect(
      await client
        .db('admin')
        .aggregate([{ $currentOp: {} }])
        .toArray(),
    ).toMatchObject([{ type: 'op' }])
    expect(await db.aggregate([{ $listLocalSessions: {} }]).toArray()).toEqual([])
  })
})
