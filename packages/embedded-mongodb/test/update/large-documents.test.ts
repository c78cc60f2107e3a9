import * as fc from 'fast-check'
import { type Document, MongoServerError } from 'mongodb'
import { expect, test } from 'vitest'
import { useServer } from '../support/mongo.ts'
import { documents } from '../support/random-documents.ts'

const mongo = useServer()

const path = fc.constantFrom('a', 'b', 'c', 'a.x', 'b.0', 'c.y.z', 'new', 'other.deep', 'large.3', 'text')
const value = fc.constantFrom<unknown>(1, 'short', null, [1, 2], { x: 1 }, new Date(0), 'y'.repeat(300))
const operator = fc.oneof(
  fc.record({ name: fc.constantFrom('$set', '$push', '$addToSet', '$min', '$max', '$setOnInsert'), path, value }),
  fc.record({ name: fc.constantFrom('$inc', '$mul'), path, value: fc.integer({ min: -5, max: 5 }) }),
  fc.record({ name: fc.constantFrom('$unset', '$pop'), path, value: fc.constant(1) }),
  fc.record({ name: fc.constant('$rename'), path, value: fc.constantFrom('a', 'renamed', 'c') }),
)
const updates = fc
  .array(operator, { minLength: 1, maxLength: 4 })
  .map((operators) =>
    operators.reduce<Record<string, Document>>(
      (all, one) => ({ ...all, [one.name]: { ...all[one.name], [one.path]: one.value } }),
      {},
    ),
  )

/** What came of it: nothing, or the server's code. */
const outcomeOf = (operation: Promise<unknown>): Promise<unknown> =>
  operation.then(
    () => 'done',
    (error: unknown) => {
      if (error instanceof MongoServerError) return error.code
      throw error
    },
  )

test('a large document that is changed in parts ends as one that is written whole', async () => {
  await fc.assert(
    fc.asyncProperty(documents, fc.array(updates, { minLength: 1, maxLength: 5 }), async (rows, changes) => {
      const [parts, whole] = [mongo.collection(), mongo.collection()]
      for (const collection of [parts, whole]) {
        await collection.createIndex({ a: 1, 'c.y': 1 })
        await collection.createIndex({ b: 1 }, { partialFilterExpression: { 'a.x': { $exists: true } } })
      }
      const [row = {}] = rows
      const large = Array.from({ length: 400 }, (_, n) => ({ n, text: 'some text' }))
      const document = { _id: 1, ...row, large, text: 'x', last: true }
      if (Array.isArray(document['a']) && Array.isArray(document['c'])) return
      await parts.insertOne({ ...document })
      await whole.insertOne({ ...document })
      for (const change of changes) {
        // Only the change of one document goes by parts.
        const one = await outcomeOf(parts.updateOne({ _id: 1, last: true }, change))
        expect(one).toEqual(await outcomeOf(whole.updateMany({ _id: 1, last: true }, change)))
        const [found] = await parts.find().toArray()
        const [expected] = await whole.find().toArray()
        expect(found).toEqual(expected)
        expect(Object.keys(found ?? {})).toEqual(Object.keys(expected ?? {}))
        for (const filter of [{ a: expected?.['a'] ?? null }, { b: expected?.['b'] ?? null }])
          expect(await parts.countDocuments(filter)).toBe(await whole.countDocuments(filter))
      }
      await parts.drop()
      await whole.drop()
    }),
    { numRuns: 50 },
  )
})
