import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { compareValues } from '../../src/bson/compare.ts'
import { parseDecimal } from '../../src/bson/decimal.ts'
import {
  Binary,
  DateTime,
  Doc,
  MAX_KEY,
  MIN_KEY,
  makeDouble,
  ObjectId,
  Timestamp,
  type Value,
} from '../../src/bson/values.ts'
import { encodeKey } from '../../src/storage/key-string.ts'

const decimals = fc
  .tuple(fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }), fc.integer({ min: -40, max: 40 }))
  .map(([digits, exponent]) => parseDecimal(`${digits}E${exponent}`))

const numbers = fc.oneof(
  fc.integer({ min: -2147483648, max: 2147483647 }),
  fc.double().map(makeDouble),
  fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
  fc.bigInt({ min: 2n ** 53n - 5n, max: 2n ** 53n + 5n }),
  fc.constantFrom(2 ** 53, 2 ** 53 + 2, -(2 ** 53)),
  decimals,
  fc
    .constantFrom(
      '0.1',
      '1E400',
      '-1E400',
      '1E-400',
      '-1E-400',
      'NaN',
      'Infinity',
      '-Infinity',
      '1.7976931348623157E308',
    )
    .map(parseDecimal),
)

const scalars: fc.Arbitrary<Value> = fc.oneof(
  { weight: 4, arbitrary: numbers },
  { weight: 3, arbitrary: fc.string({ unit: 'binary', maxLength: 4 }) },
  fc.constantFrom<Value>(null, MIN_KEY, MAX_KEY, true, false),
  fc.integer({ min: -5, max: 5 }).map((ms) => new DateTime(ms)),
  fc.tuple(fc.nat(3), fc.nat(3)).map(([a, b]) => new Timestamp(a, b)),
  fc.uint8Array({ maxLength: 3 }).map((bytes) => new Binary(Buffer.from(bytes), 0)),
  fc.nat(255).map((byte) => new ObjectId(String.fromCharCode(byte).repeat(12))),
)

const { value: values } = fc.letrec<{ value: Value }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    scalars,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ab', ''), tie('value')), { maxLength: 3 }).map(
      (fields) =>
        new Doc(
          fields.map(([key]) => key),
          fields.map(([, value]) => value),
        ),
    ),
  ),
}))

const sign = (order: number): number => Math.sign(order)

describe('index keys', () => {
  test('order numbers of every type by value', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        expect(sign(Buffer.compare(encodeKey([a], [false]), encodeKey([b], [false])))).toBe(sign(compareValues(a, b)))
      }),
      { numRuns: 3000 },
    )
  })

  test('order values of every type as the comparison does, upwards and downwards', () => {
    fc.assert(
      fc.property(values, values, (a, b) => {
        const expected = sign(compareValues(a, b))
        expect(sign(Buffer.compare(encodeKey([a], [false]), encodeKey([b], [false])))).toBe(expected)
        expect(sign(Buffer.compare(encodeKey([a], [true]), encodeKey([b], [true])))).toBe(-expected + 0)
      }),
      { numRuns: 2000 },
    )
  })

  test('order compound keys by their components', () => {
    fc.assert(
      fc.property(scalars, scalars, scalars, scalars, (a, b, c, d) => {
        const expected = sign(compareValues(a, c)) || -sign(compareValues(b, d))
        const order = Buffer.compare(encodeKey([a, b], [false, true]), encodeKey([c, d], [false, true]))
        expect(sign(order) + 0).toBe(expected + 0)
      }),
      { numRuns: 2000 },
    )
  })
})
