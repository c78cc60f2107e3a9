import * as fc from 'fast-check'
import { Decimal128, Double, Int32, Long, ObjectId } from 'mongodb'

/** Few distinct values of many types, so that random queries find something. */
const scalar = fc.oneof(
  fc.integer({ min: -3, max: 3 }).map((n) => new Int32(n)),
  fc.constantFrom(-1.5, 0.5, 2, 3, Number.NaN, Number.POSITIVE_INFINITY).map((n) => new Double(n)),
  fc.constantFrom('-2', '2', '9007199254740993').map((text) => Long.fromString(text)),
  fc.constantFrom('2.0', '0.5', '0.1', '-2').map((text) => Decimal128.fromString(text)),
  fc.constantFrom('', 'a', 'b', 'ab', 'é', '\u{1f600}'),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom(0, 1, 2).map((n) => new Date(n * 1000)),
  fc.constantFrom('64b7f0000000000000000001', '64b7f0000000000000000002').map((hex) => new ObjectId(hex)),
)

const embedded = fc.record({ x: scalar, y: scalar }, { requiredKeys: [] })

export const value = fc.oneof(
  { weight: 5, arbitrary: scalar },
  { weight: 2, arbitrary: fc.array(scalar, { maxLength: 3 }) },
  { weight: 2, arbitrary: embedded },
  { weight: 1, arbitrary: fc.array(fc.oneof(embedded, scalar), { maxLength: 3 }) },
)

export const documents = fc.array(fc.record({ a: value, b: value, c: scalar }, { requiredKeys: [] }), { maxLength: 12 })

const path = fc.constantFrom('a', 'b', 'c', 'a.x', 'b.y')

const condition = fc.oneof(
  fc.record({ $eq: value }),
  fc.record({ $gt: scalar }),
  fc.record({ $gte: scalar, $lt: scalar }),
  fc.record({ $lte: scalar }),
  fc.record({ $ne: value }),
  fc.record({ $in: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $nin: fc.array(scalar, { maxLength: 3 }) }),
  fc.record({ $exists: fc.boolean() }),
  fc.record({ $size: fc.integer({ min: 0, max: 3 }) }),
)

const simple = fc.tuple(path, condition).map(([name, operators]) => ({ [name]: operators }))

export const filters = fc.oneof(
  { weight: 4, arbitrary: simple },
  { weight: 2, arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map(($and) => ({ $and })) },
  { weight: 2, arbitrary: fc.array(simple, { minLength: 1, maxLength: 3 }).map(($or) => ({ $or })) },
)

export const sorts = fc.constantFrom<Record<string, 1 | -1>>(
  { a: 1 },
  { a: -1 },
  { b: 1, c: -1 },
  { 'a.x': 1 },
  { c: 1 },
)
