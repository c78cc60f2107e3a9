// oxlint-disable unicorn/no-thenable -- `then` is a parameter of $cond and $switch
import { Decimal128, type Document, Double, Long, ObjectId } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

const at = new Date('2024-02-29T13:05:09.123Z')
const DOCUMENT = {
  _id: 1,
  a: 7,
  b: 2,
  neg: -3.5,
  s: 'Hello World',
  accents: 'déjà vu',
  l: [3, 1, 2],
  docs: [
    { k: 'x', v: 1 },
    { k: 'y', v: 2 },
  ],
  at,
  nil: null,
  o: { p: 1, q: { r: 5 } },
  big: Long.fromString('9007199254740993'),
  money: Decimal128.fromString('19.99'),
}

/** An expression over the document above, and its value. */
const CASES: Record<string, [unknown, unknown][]> = {
  fields: [
    ['$a', 7],
    ['$o.q.r', 5],
    ['$docs.v', [1, 2]],
    ['$missing', undefined],
    [{ $literal: '$a' }, '$a'],
    [
      { x: '$a', y: ['$b', 1] },
      { x: 7, y: [2, 1] },
    ],
    ['$$ROOT.a', 7],
    [{ $let: { vars: { x: { $add: ['$a', 1] } }, in: { $multiply: ['$$x', 2] } } }, 16],
    [{ $getField: 'a' }, 7],
    [{ $getField: { field: 'p', input: '$o' } }, 1],
    [{ $setField: { field: 'z', input: '$o', value: 9 } }, { p: 1, q: { r: 5 }, z: 9 }],
    [{ $unsetField: { field: 'q', input: '$o' } }, { p: 1 }],
  ],
  arithmetic: [
    [{ $add: ['$a', '$b', 1] }, 10],
    [{ $add: ['$a', '$nil'] }, null],
    [{ $add: ['$at', 1000] }, new Date(at.getTime() + 1000)],
    [{ $subtract: ['$a', '$b'] }, 5],
    [{ $subtract: ['$at', at] }, 0],
    [{ $multiply: ['$a', 1.5] }, 10.5],
    [{ $divide: ['$a', '$b'] }, 3.5],
    [{ $mod: ['$a', 4] }, 3],
    [{ $mod: [-7, 4] }, -3],
    [{ $abs: '$neg' }, 3.5],
    [{ $ceil: '$neg' }, -3],
    [{ $floor: '$neg' }, -4],
    [{ $round: ['$neg', 0] }, -4],
    [{ $round: [2.5, 0] }, 2],
    [{ $round: [1234.567, 2] }, 1234.57],
    [{ $round: [1250, -2] }, 1200],
    [{ $trunc: ['$neg', 0] }, -3],
    [{ $sqrt: 16 }, 4],
    [{ $pow: [2, 10] }, 1024],
    [{ $log10: 1000 }, 3],
    [{ $bitAnd: [12, 10] }, 8],
    [{ $add: ['$big', 0] }, 9007199254740993n],
    [{ $multiply: ['$money', 2] }, '39.98'],
  ],
  'comparison and logic': [
    [{ $cmp: ['$a', '$b'] }, 1],
    [{ $eq: ['$a', 7] }, true],
    [{ $gt: ['$missing', null] }, false],
    [{ $lt: ['$missing', null] }, true],
    [{ $and: ['$a', 1, true] }, true],
    [{ $and: ['$nil'] }, false],
    [{ $or: [0, '$nil', 'x'] }, true],
    [{ $not: ['$a'] }, false],
    [{ $cond: [{ $gt: ['$a', 5] }, 'big', 'small'] }, 'big'],
    [{ $cond: { if: false, then: 1, else: 2 } }, 2],
    [{ $ifNull: ['$missing', '$nil', 'x'] }, 'x'],
    [
      {
        $switch: {
          branches: [
            { case: { $eq: ['$a', 1] }, then: 'one' },
            { case: true, then: 'other' },
          ],
        },
      },
      'other',
    ],
  ],
  arrays: [
    [{ $size: '$l' }, 3],
    [{ $arrayElemAt: ['$l', -1] }, 2],
    [{ $arrayElemAt: ['$l', 9] }, undefined],
    [{ $first: '$l' }, 3],
    [{ $last: '$l' }, 2],
    [{ $firstN: { n: 2, input: '$l' } }, [3, 1]],
    [{ $maxN: { n: 2, input: '$l' } }, [3, 2]],
    [{ $concatArrays: ['$l', [9]] }, [3, 1, 2, 9]],
    [{ $filter: { input: '$l', as: 'x', cond: { $gte: ['$$x', 2] } } }, [3, 2]],
    [{ $filter: { input: '$l', cond: { $gte: ['$$this', 1] }, limit: 1 } }, [3]],
    [{ $map: { input: '$l', in: { $multiply: ['$$this', 10] } } }, [30, 10, 20]],
    [{ $reduce: { input: '$l', initialValue: 0, in: { $add: ['$$value', '$$this'] } } }, 6],
    [{ $in: [2, '$l'] }, true],
    [{ $indexOfArray: ['$l', 2] }, 2],
    [{ $isArray: '$l' }, true],
    [{ $range: [0, 10, 3] }, [0, 3, 6, 9]],
    [{ $range: [3, 0, -1] }, [3, 2, 1]],
    [{ $reverseArray: '$l' }, [2, 1, 3]],
    [{ $slice: ['$l', 1, 2] }, [1, 2]],
    [{ $slice: ['$l', -2] }, [1, 2]],
    [{ $sortArray: { input: '$l', sortBy: 1 } }, [1, 2, 3]],
    [
      { $sortArray: { input: '$docs', sortBy: { v: -1 } } },
      [
        { k: 'y', v: 2 },
        { k: 'x', v: 1 },
      ],
    ],
    [
      { $zip: { inputs: ['$l', ['a', 'b', 'c']] } },
      [
        [3, 'a'],
        [1, 'b'],
        [2, 'c'],
      ],
    ],
    [{ $arrayToObject: '$docs' }, { x: 1, y: 2 }],
    [{ $objectToArray: { a: 1 } }, [{ k: 'a', v: 1 }]],
    [{ $mergeObjects: ['$o', { p: 9 }] }, { p: 9, q: { r: 5 } }],
    [
      {
        $setUnion: [
          [1, 2],
          [2, 3],
        ],
      },
      [1, 2, 3],
    ],
    [
      {
        $setIntersection: [
          [1, 2],
          [2, 3],
        ],
      },
      [2],
    ],
    [{ $setDifference: [[1, 2, 1], [2]] }, [1]],
    [
      {
        $setEquals: [
          [1, 2],
          [2, 1, 1],
        ],
      },
      true,
    ],
    [{ $setIsSubset: [[1], [1, 2]] }, true],
    [{ $anyElementTrue: [[0, 1]] }, true],
    [{ $allElementsTrue: [[0, 1]] }, false],
    [{ $sum: '$l' }, 6],
    [{ $avg: ['$a', '$b'] }, 4.5],
    [{ $max: '$l' }, 3],
    [{ $min: ['$a', '$missing', 3] }, 3],
  ],
  strings: [
    [{ $concat: ['$s', '!'] }, 'Hello World!'],
    [{ $concat: ['$s', '$nil'] }, null],
    [{ $toUpper: '$s' }, 'HELLO WORLD'],
    [{ $toLower: '$nil' }, ''],
    [{ $substrCP: ['$accents', 1, 3] }, 'éjà'],
    [{ $substrBytes: ['$s', 6, -1] }, 'World'],
    [{ $strLenCP: '$accents' }, 7],
    [{ $strLenBytes: '$accents' }, 9],
    [{ $split: ['$s', ' '] }, ['Hello', 'World']],
    [{ $trim: { input: '  x ' } }, 'x'],
    [{ $ltrim: { input: 'xxabc', chars: 'x' } }, 'abc'],
    [{ $indexOfCP: ['$s', 'o'] }, 4],
    [{ $indexOfCP: ['$s', 'o', 5] }, 7],
    [{ $regexMatch: { input: '$s', regex: '^hello', options: 'i' } }, true],
    [{ $regexFind: { input: '$s', regex: /o(r)/ } }, { match: 'or', idx: 7, captures: ['r'] }],
    [
      { $regexFindAll: { input: '$s', regex: 'l+' } },
      [
        { match: 'll', idx: 2, captures: [] },
        { match: 'l', idx: 9, captures: [] },
      ],
    ],
    [{ $replaceOne: { input: '$s', find: 'o', replacement: '0' } }, 'Hell0 World'],
    [{ $replaceAll: { input: '$s', find: 'o', replacement: '0' } }, 'Hell0 W0rld'],
    [{ $strcasecmp: ['$s', 'hello world'] }, 0],
  ],
  dates: [
    [{ $year: '$at' }, 2024],
    [{ $month: '$at' }, 2],
    [{ $dayOfMonth: '$at' }, 29],
    [{ $hour: { date: '$at', timezone: 'America/New_York' } }, 8],
    [{ $minute: '$at' }, 5],
    [{ $millisecond: '$at' }, 123],
    [{ $dayOfYear: '$at' }, 60],
    [{ $dayOfWeek: '$at' }, 5],
    [{ $isoWeek: '$at' }, 9],
    [{ $week: '$at' }, 8],
    [{ $dateToString: { date: '$at' } }, '2024-02-29T13:05:09.123Z'],
    [{ $dateToString: { date: '$at', format: '%Y-%m-%d %H:%M:%S.%L %j %u %%' } }, '2024-02-29 13:05:09.123 060 4 %'],
    [{ $dateToString: { date: '$at', format: '%H:%M %z', timezone: '+05:30' } }, '18:35 +0530'],
    [{ $dateFromString: { dateString: '2024-02-29T13:05:09.123Z' } }, at],
    [{ $dateFromString: { dateString: '29.02.2024', format: '%d.%m.%Y' } }, new Date('2024-02-29')],
    [{ $dateFromString: { dateString: 'nonsense', onError: 'bad' } }, 'bad'],
    [{ $dateFromParts: { year: 2024, month: 14, day: 1 } }, new Date('2025-02-01')],
    [
      { $dateToParts: { date: '$at' } },
      { year: 2024, month: 2, day: 29, hour: 13, minute: 5, second: 9, millisecond: 123 },
    ],
    [{ $dateAdd: { startDate: '$at', unit: 'year', amount: 1 } }, new Date('2025-02-28T13:05:09.123Z')],
    [{ $dateSubtract: { startDate: '$at', unit: 'day', amount: 29 } }, new Date('2024-01-31T13:05:09.123Z')],
    [{ $dateDiff: { startDate: '$at', endDate: new Date('2024-03-01'), unit: 'day' } }, 1],
    [{ $dateTrunc: { date: '$at', unit: 'month' } }, new Date('2024-02-01')],
    [{ $dateTrunc: { date: '$at', unit: 'hour', binSize: 6 } }, new Date('2024-02-29T12:00:00Z')],
    [{ $dateTrunc: { date: '$at', unit: 'week', startOfWeek: 'monday' } }, new Date('2024-02-26')],
  ],
  conversion: [
    [{ $toInt: '42' }, 42],
    [{ $toLong: 5.9 }, 5],
    [{ $toDouble: '1.5' }, 1.5],
    [{ $toString: 1.5 }, '1.5'],
    [{ $toString: '$at' }, '2024-02-29T13:05:09.123Z'],
    [{ $toBool: 0 }, false],
    [{ $toBool: 'false' }, true],
    [{ $toDate: 0n }, new Date(0)],
    [{ $toDate: '2024-01-01' }, new Date('2024-01-01')],
    [{ $toObjectId: '64b7f0000000000000000001' }, new ObjectId('64b7f0000000000000000001')],
    [{ $toDecimal: '1.10' }, '1.10'],
    [{ $convert: { input: 'x', to: 'int', onError: -1 } }, -1],
    [{ $convert: { input: null, to: 'int', onNull: 0 } }, 0],
    [{ $type: '$money' }, 'decimal'],
    [{ $type: '$missing' }, 'missing'],
    [{ $isNumber: '$money' }, true],
  ],
}

function plain(value: unknown): unknown {
  if (value instanceof Decimal128) return value.toString()
  if (value instanceof Long) return value.toBigInt() > 2n ** 53n ? value.toBigInt() : value.toNumber()
  return value
}

describe.each(Object.entries(CASES))('%s', (_, cases) => {
  test.each(cases.map(([expression, expected]) => ({ expression, expected })))(
    '$expression',
    async ({ expression, expected }) => {
      const collection = mongo.collection('one')
      await collection.replaceOne({ _id: 1 }, DOCUMENT, { upsert: true })
      const [row] = await collection
        .aggregate([{ $replaceWith: { value: expression } }], { useBigInt64: false })
        .toArray()
      expect(plain(row?.value)).toEqual(expected)
    },
  )
})

describe('types', () => {
  test.each<[string, Document, string]>([
    ['int and int', { $add: [1, 2] }, 'int'],
    ['an int that overflows', { $add: [2147483647, 1] }, 'long'],
    ['int and long', { $add: [1, Long.fromNumber(2)] }, 'long'],
    ['int and double', { $add: [1, new Double(2)] }, 'double'],
    ['division', { $divide: [4, 2] }, 'double'],
    ['size', { $size: '$l' }, 'int'],
  ])('%s', async (_, expression, type) => {
    const collection = mongo.collection('one')
    await collection.replaceOne({ _id: 1 }, DOCUMENT, { upsert: true })
    const [row] = await collection.aggregate([{ $project: { type: { $type: expression } } }]).toArray()
    expect(row?.type).toBe(type)
  })
})

describe('refuses', () => {
  test.each<[string, unknown, number]>([
    ['an unknown operator', { $nonsense: 1 }, 168],
    ['two operators at once', { $add: [1], $subtract: [2, 1] }, 15983],
    ['division by zero', { $divide: ['$a', 0] }, 2],
    ['the sum of strings', { $add: ['$s', 1] }, 14],
    ['the size of what is no array', { $size: '$a' }, 17124],
    ['an undefined variable', '$$nothing', 17276],
    ['what cannot be converted', { $toInt: 'x' }, 241],
    ['a date beyond every calendar', { $add: ['$at', 1e30] }, 15],
  ])('%s', async (_, expression, code) => {
    const collection = mongo.collection('one')
    await collection.replaceOne({ _id: 1 }, DOCUMENT, { upsert: true })
    expect(await codeOf(collection.aggregate([{ $replaceWith: { value: expression } }]).toArray())).toBe(code)
  })
})
