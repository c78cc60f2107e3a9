import process from 'node:process'
import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { idsOf, useServer } from '../support/mongo.ts'
import { modelMatches } from '../support/query-model.ts'
import { documents, filters, sorts } from '../support/random-documents.ts'

const mongo = useServer()

/** Set both to repeat a run: the seed is printed with every failure. */
const RUNS = Number(process.env.PROPERTY_RUNS ?? 120)
/** Half a second for each, on a machine that is shared. */
const timeout = Math.max(60_000, RUNS * 500)
const SEED = process.env.PROPERTY_SEED
const parameters = { numRuns: RUNS, ...(SEED === undefined ? {} : { seed: Number(SEED) }) }

const INDEXES = [{ a: 1 }, { b: -1, c: 1 }, { 'a.x': 1 }, { c: -1, a: 1 }] as const

describe('random documents of mixed types', { timeout }, () => {
  test('queries find what a plain model finds, with indexes and without', async () => {
    await fc.assert(
      fc.asyncProperty(documents, fc.array(filters, { minLength: 1, maxLength: 6 }), async (rows, queries) => {
        const plain = mongo.collection()
        const indexed = mongo.collection()
        const withIds = rows.map((row, _id) => ({ _id, ...row }))
        // Parallel arrays cannot be indexed together.
        const fits = withIds.filter((row) => !(Array.isArray(row.a) && Array.isArray(row.b)))
        await plain.insertOne({ _id: -1 })
        for (const [i, key] of INDEXES.entries()) await indexed.createIndex({ ...key }, { name: `i${i}` })
        await indexed.insertOne({ _id: -1 })
        if (fits.length > 0) {
          await plain.insertMany(fits)
          await indexed.insertMany(fits)
        }
        for (const query of queries) {
          const expected = [{ _id: -1 }, ...fits].filter((row) => modelMatches(row, query)).map(({ _id }) => _id)
          expect(idsOf(await plain.find(query).sort({ _id: 1 }).toArray())).toEqual(expected)
          expect(idsOf(await indexed.find(query).sort({ _id: 1 }).toArray())).toEqual(expected)
        }
        await plain.drop()
        await indexed.drop()
      }),
      parameters,
    )
  })

  test('sorting by an index and in memory agree', async () => {
    await fc.assert(
      fc.asyncProperty(documents, sorts, async (rows, sort) => {
        const plain = mongo.collection()
        const indexed = mongo.collection()
        const fits = rows
          .filter((row) => !(Array.isArray(row.a) && Array.isArray(row.b)))
          .map((row, _id) => ({ _id, ...row }))
        if (fits.length === 0) return
        await indexed.createIndex({ ...sort })
        await plain.insertMany(fits)
        await indexed.insertMany(fits)
        const bySort = { ...sort, _id: 1 as const }
        const expected = idsOf(await plain.find().sort(bySort).toArray())
        expect(idsOf(await indexed.find().sort(bySort).toArray())).toEqual(expected)
        await plain.drop()
        await indexed.drop()
      }),
      parameters,
    )
  })

  test('what is read in part shows the same as what is read whole', async () => {
    const projections = fc.constantFrom({ a: 1 }, { b: 1, _id: 0 }, { 'a.x': 1, c: 1 }, { _id: 1 }, { nothing: 1 })
    await fc.assert(
      fc.asyncProperty(documents, filters, sorts, projections, async (rows, filter, sort, projection) => {
        const collection = mongo.collection()
        await collection.insertMany([{ _id: -1 }, ...rows.map((row, _id) => ({ _id, ...row, text: 'x'.repeat(50) }))])
        const bySort = { ...sort, _id: 1 as const }
        const whole = [{ $match: filter }, { $sort: bySort }, { $project: projection }]
        const found = await collection.find(filter, { projection }).sort(bySort).toArray()
        expect(found).toEqual(await collection.aggregate(whole).toArray())
        await collection.drop()
      }),
      parameters,
    )
  })
})
