import { Binary, Decimal128, type Document, Double, Int32, Long, MaxKey, MinKey, ObjectId } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { codeOf, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

interface Family {
  documents: Document[]
  /** A filter, and the ids that it finds. */
  cases: [Document, (string | number)[]][]
}

const date = new Date('2024-05-01T00:00:00Z')

const FAMILIES: Record<string, Family> = {
  'comparison of numbers by value': {
    documents: [
      { _id: 'int', v: new Int32(5) },
      { _id: 'long', v: Long.fromNumber(5) },
      { _id: 'double', v: new Double(5) },
      { _id: 'decimal', v: Decimal128.fromString('5.0') },
      { _id: 'half', v: 5.5 },
      { _id: 'big', v: Long.fromString('9007199254740993') },
      { _id: 'text', v: '5' },
      { _id: 'nan', v: Number.NaN },
      { _id: 'none' },
    ],
    cases: [
      [{ v: 5 }, ['int', 'long', 'double', 'decimal']],
      [{ v: { $eq: Decimal128.fromString('5') } }, ['int', 'long', 'double', 'decimal']],
      [{ v: { $gt: 5 } }, ['half', 'big']],
      [{ v: { $gte: 5, $lt: 6 } }, ['int', 'long', 'double', 'decimal', 'half']],
      [{ v: 9007199254740992 }, []],
      [{ v: { $gt: 9007199254740992 } }, ['big']],
      [{ v: Number.NaN }, ['nan']],
      [{ v: { $lt: 100 } }, ['int', 'long', 'double', 'decimal', 'half']],
      [{ v: { $lte: Number.NaN } }, ['nan']],
      [{ v: { $ne: 5 } }, ['half', 'big', 'text', 'nan', 'none']],
      [{ v: { $in: [5.5, '5'] } }, ['half', 'text']],
      [{ v: { $nin: [5, 5.5] } }, ['big', 'text', 'nan', 'none']],
      [{ v: { $gt: new MinKey() } }, ['int', 'long', 'double', 'decimal', 'half', 'big', 'text', 'nan', 'none']],
      [{ v: { $lt: new MaxKey() } }, ['int', 'long', 'double', 'decimal', 'half', 'big', 'text', 'nan', 'none']],
    ],
  },
  'null and missing': {
    documents: [
      { _id: 'null', a: null },
      { _id: 'missing' },
      { _id: 'value', a: 1 },
      { _id: 'nullInArray', a: [1, null] },
      { _id: 'nested', a: { b: null } },
      { _id: 'deep', a: { b: 1 } },
      { _id: 'objects', a: [{ b: 1 }, { c: 2 }] },
    ],
    cases: [
      [{ a: null }, ['null', 'missing', 'nullInArray']],
      [{ a: { $ne: null } }, ['value', 'nested', 'deep', 'objects']],
      [{ a: { $exists: false } }, ['missing']],
      [{ a: { $exists: true } }, ['null', 'value', 'nullInArray', 'nested', 'deep', 'objects']],
      [{ a: { $type: 'null' } }, ['null', 'nullInArray']],
      [{ 'a.b': null }, ['null', 'missing', 'value', 'nested', 'objects']],
      [{ 'a.b': { $exists: true } }, ['nested', 'deep', 'objects']],
      [{ a: { $in: [null] } }, ['null', 'missing', 'nullInArray']],
      [{ a: { $gte: null } }, ['null', 'missing', 'nullInArray']],
      [{ a: { $gt: null } }, []],
    ],
  },
  arrays: {
    documents: [
      {
        _id: 1,
        t: ['a', 'b'],
        n: [1, 5, 9],
        l: [
          { sku: 'x', q: 1 },
          { sku: 'y', q: 5 },
        ],
      },
      { _id: 2, t: ['b', 'c'], n: [3], l: [{ sku: 'x', q: 9 }] },
      { _id: 3, t: 'a', n: 4, l: [] },
      { _id: 4, t: [], n: [], l: { sku: 'x', q: 3 } },
      { _id: 5, t: [['a', 'b']], n: [[1, 5, 9]] },
    ],
    cases: [
      [{ t: 'a' }, [1, 3]],
      [{ t: ['a', 'b'] }, [1, 5]],
      [{ t: ['b', 'a'] }, []],
      [{ t: { $all: ['a', 'b'] } }, [1]],
      [{ t: { $all: ['a'] } }, [1, 3]],
      [{ t: { $all: [] } }, []],
      [{ t: { $size: 2 } }, [1, 2]],
      [{ t: { $size: 0 } }, [4]],
      [{ t: [] }, [4]],
      [{ n: { $gt: 1, $lt: 5 } }, [1, 2, 3]],
      [{ n: { $elemMatch: { $gt: 1, $lt: 5 } } }, [2]],
      [{ 'l.sku': 'x' }, [1, 2, 4]],
      [{ 'l.sku': 'x', 'l.q': 5 }, [1]],
      [{ l: { $elemMatch: { sku: 'x', q: { $gt: 5 } } } }, [2]],
      [{ l: { $elemMatch: { sku: 'x', q: 5 } } }, []],
      [{ l: { $not: { $elemMatch: { sku: 'x' } } } }, [3, 4, 5]],
      [{ 'l.0.sku': 'x' }, [1, 2]],
      [{ 'l.1.sku': { $exists: true } }, [1]],
      [{ l: { $all: [{ $elemMatch: { sku: 'x' } }, { $elemMatch: { sku: 'y' } }] } }, [1]],
      [{ t: { $ne: 'a' } }, [2, 4, 5]],
      [{ t: { $type: 'array' } }, [1, 2, 4, 5]],
      [{ t: { $type: 'string' } }, [1, 2, 3]],
      [{ l: { sku: 'x', q: 9 } }, [2]],
      [{ l: { q: 9, sku: 'x' } }, []],
    ],
  },
  'logical operators': {
    documents: [
      { _id: 1, a: 1, b: 1 },
      { _id: 2, a: 1, b: 2 },
      { _id: 3, a: 2 },
    ],
    cases: [
      [{ $and: [{ a: 1 }, { b: 2 }] }, [2]],
      [{ $or: [{ a: 2 }, { b: 2 }] }, [2, 3]],
      [{ $nor: [{ a: 2 }, { b: 2 }] }, [1]],
      [{ b: { $not: { $gt: 1 } } }, [1, 3]],
      [{ a: { $not: { $in: [1] } } }, [3]],
      [{ $and: [{ $or: [{ a: 1 }, { a: 2 }] }, { $or: [{ b: 2 }, { b: { $exists: false } }] }] }, [2, 3]],
      [{ $expr: { $eq: ['$a', '$b'] } }, [1]],
      [{ $expr: { $gt: ['$b', '$a'] } }, [2]],
      [{ $comment: 'why', a: 2 }, [3]],
      [{}, [1, 2, 3]],
    ],
  },
  'regular expressions': {
    documents: [
      { _id: 1, s: 'Apple pie' },
      { _id: 2, s: 'apple tart' },
      { _id: 3, s: 'Pine\napple' },
      { _id: 4, s: ['x', 'apple'] },
      { _id: 5, s: 7 },
    ],
    cases: [
      [{ s: /apple/ }, [2, 3, 4]],
      [{ s: /apple/i }, [1, 2, 3, 4]],
      [{ s: /^apple/ }, [2, 4]],
      [{ s: /^apple/m }, [2, 3, 4]],
      [{ s: { $regex: '^a', $options: 'i' } }, [1, 2, 4]],
      [{ s: { $regex: 'p i', $options: 'xi' } }, [1, 3]],
      [{ s: { $not: /apple/i } }, [5]],
      [{ s: { $in: [/^Apple/, /^Pine/] } }, [1, 3]],
      [{ s: { $regex: '(?i)APPLE T' } }, [2]],
      [{ s: { $regex: 'Pine.apple', $options: 's' } }, [3]],
    ],
  },
  'types of every kind': {
    documents: [
      { _id: 'oid', v: new ObjectId('64b7f0000000000000000001') },
      { _id: 'date', v: date },
      { _id: 'bin', v: new Binary(Buffer.from([1, 2])) },
      { _id: 'bool', v: true },
      { _id: 'object', v: { x: 1 } },
      { _id: 'int', v: 1 },
      { _id: 'double', v: 1.5 },
      { _id: 'long', v: Long.fromString('5000000000') },
      { _id: 'decimal', v: Decimal128.fromString('1.1') },
    ],
    cases: [
      [{ v: new ObjectId('64b7f0000000000000000001') }, ['oid']],
      [{ v: date }, ['date']],
      [{ v: { $lte: new Date('2024-05-02') } }, ['date']],
      [{ v: new Binary(Buffer.from([1, 2])) }, ['bin']],
      [{ v: true }, ['bool']],
      [{ v: { x: 1 } }, ['object']],
      [{ v: { $type: 'number' } }, ['int', 'double', 'long', 'decimal']],
      [{ v: { $type: ['int', 'bool'] } }, ['bool', 'int']],
      [{ v: { $type: 18 } }, ['long']],
      [{ v: { $mod: [2, 1] } }, ['int', 'double', 'decimal']],
      [{ v: { $bitsAllSet: [0] } }, ['bin', 'int']],
      [{ v: { $bitsAnyClear: 1 } }, ['long']],
    ],
  },
}

describe.each(Object.entries(FAMILIES))('%s', (_, { documents, cases }) => {
  let collection: ReturnType<typeof mongo.collection>
  beforeAll(async () => {
    collection = mongo.collection()
    await collection.insertMany(documents)
  })
  test.each(cases.map(([filter, ids]) => ({ filter, ids })))('$filter', async ({ filter, ids }) => {
    const found = await collection.find(filter).toArray()
    expect(idsOf(found)).toEqual(ids)
    expect(await collection.countDocuments(filter)).toBe(ids.length)
  })
})

describe('refuses', () => {
  const cases: [string, Document, number][] = [
    ['an unknown operator', { a: { $foo: 1 } }, 2],
    ['an unknown top level operator', { $foo: 1 }, 2],
    ['an empty $and', { $and: [] }, 2],
    ['$in without an array', { a: { $in: 1 } }, 2],
    ['$mod by zero', { a: { $mod: [0, 1] } }, 2],
    ['$size that is negative', { a: { $size: -1 } }, 2],
    ['an unknown type', { a: { $type: 'nonsense' } }, 2],
    ['$text without an index', { $text: { $search: 'x' } }, 27],
    ['an unknown expression', { $expr: { $nonsense: 1 } }, 168],
    ['a wrong pattern', { a: { $regex: '(' } }, 51091],
  ]
  test.each(cases)('%s', async (_, filter, code) => {
    const collection = mongo.collection()
    await collection.insertOne({ a: 1 })
    expect(await codeOf(collection.find(filter).toArray())).toBe(code)
  })
})
