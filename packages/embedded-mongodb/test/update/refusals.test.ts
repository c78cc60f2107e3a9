import { type Document, Long, Timestamp } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

describe('an update is refused', () => {
  const cases: [string, Document, number, string | RegExp][] = [
    [
      'a $-prefixed name within a path',
      { $set: { 'a.$b': 2 } },
      52,
      /The dollar \(\$\) prefixed field '\$b' in 'a\.\$b'/,
    ],
    [
      '$position that is no integer',
      { $push: { arr: { $each: [9], $position: 'x' } } },
      2,
      'The value for $position must be an integer value, not of type: string',
    ],
    [
      '$slice that is no integer',
      { $push: { arr: { $each: [9], $slice: 'x' } } },
      2,
      'The value for $slice must be an integer value but was given type: string',
    ],
    ['$sort by a text', { $push: { arr: { $each: [9], $sort: 'x' } } }, 2, /^The \$sort is invalid: use 1\/-1/],
    [
      '$each that is no array',
      { $push: { arr: { $each: 9 } } },
      2,
      'The argument to $each in $push must be an array but it was of type: int',
    ],
    [
      'an unknown clause of $push',
      { $push: { arr: { $each: [9], $foo: 1 } } },
      2,
      'Unrecognized clause in $push: $foo',
    ],
    [
      'a field of an array by name',
      { $set: { 'arr.x': 7 } },
      28,
      "Cannot create field 'x' in element {arr: [ 1, 2, 3 ]}",
    ],
    [
      '$ without a match in the query',
      { $set: { 'arr.$': 7 } },
      2,
      'The positional operator did not find the match needed from the query.',
    ],
    [
      'an identifier without its filter',
      { $set: { 'arr.$[e]': 7 } },
      2,
      "No array filter found for identifier 'e' in path 'arr.$[e]'",
    ],
    ['an unknown operator', { $foo: { a: 1 } }, 9, /^Unknown modifier: \$foo\. Expected a valid update modifier/],
    ['$inc by a text', { $inc: { n: 'x' } }, 14, 'Cannot increment with non-numeric argument: {n: "x"}'],
  ]
  test.each(cases)('%s', async (_, update, code, message) => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, a: { x: 1 }, arr: [1, 2, 3] })
    const error = await failure(collection.updateOne({}, update))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
    expect(await collection.findOne()).toEqual({ _id: 1, a: { x: 1 }, arr: [1, 2, 3] })
  })

  test('when it would change _id, or something within it', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: { a: 1 }, x: 1 })
    for (const update of [
      { $set: { '_id.a': 2 } },
      { $unset: { _id: 1 } },
      { $rename: { _id: 'q' } },
      { $inc: { '_id.a': 1 } },
    ]) {
      expect(await codeOf(collection.updateOne({}, update))).toBe(66)
    }
    expect(await codeOf(collection.updateOne({}, [{ $set: { _id: 7 } }]))).toBe(66)
    expect(await collection.updateOne({}, { $set: { '_id.a': 1 } })).toMatchObject({
      matchedCount: 1,
      modifiedCount: 0,
    })
    expect(await collection.findOne()).toEqual({ _id: { a: 1 }, x: 1 })
  })

  test('when a long overflows', async () => {
    const collection = mongo.collection()
    await collection.insertOne({ _id: 1, n: Long.MAX_VALUE })
    expect((await failure(collection.updateOne({}, { $inc: { n: 1 } }))).message).toBe(
      'Failed to apply $inc operations to current value ((NumberLong)9223372036854775807) for document {_id: 1}',
    )
  })
})

test('findAndModify says in which command a write failed', async () => {
  const collection = mongo.collection()
  await collection.createIndex({ a: 1 }, { unique: true })
  await collection.insertMany([
    { _id: 1, a: 1 },
    { _id: 2, a: 2 },
  ])
  const error = await failure(collection.findOneAndUpdate({ _id: 1 }, { $set: { a: 2 } }))
  expect(error).toMatchObject({ code: 11000, keyPattern: { a: 1 }, keyValue: { a: 2 } })
  expect(error.message).toMatch(/^Plan executor error during findAndModify :: caused by :: E11000 duplicate key error/)
})

test('empty timestamps at the top level become the time of the write', async () => {
  const collection = mongo.collection()
  const empty = new Timestamp({ t: 0, i: 0 })
  await collection.insertOne({ _id: 1, top: empty, within: { at: empty } })
  const inserted = await collection.findOne({ _id: 1 })
  expect(inserted?.top.t).toBeGreaterThan(1_600_000_000)
  expect(inserted?.within.at.t).toBe(0)
  await collection.replaceOne({ _id: 1 }, { again: empty })
  expect((await collection.findOne({ _id: 1 }))?.again.t).toBeGreaterThan(1_600_000_000)
})
