import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, REAL_SERVER, useServer } from '../support/mongo.ts'

const mongo = useServer()

/** The table of refusals in the README, row by row. */
describe.skipIf(REAL_SERVER !== undefined)('outside of the scope', () => {
  const aggregate = 'x'
  const cursor = {}
  const cases: [string, Document, number][] = [
    ['reads that replicas agree on', { find: 'x', readConcern: { level: 'linearizable' } }, 123],
    ['reads of a snapshot', { find: 'x', readConcern: { level: 'snapshot' } }, 123],
    ['change streams', { aggregate, cursor, pipeline: [{ $changeStream: {} }] }, 40573],
    ['unknown commands', { nonsense: 1 }, 59],
    ['$geoNear', { aggregate, cursor, pipeline: [{ $geoNear: {} }] }, 40324],
    ['$planCacheStats', { aggregate, cursor, pipeline: [{ $planCacheStats: {} }] }, 40324],
    ['$function', { aggregate, cursor, pipeline: [{ $set: { a: { $function: {} } } }] }, 168],
    ['$accumulator', { aggregate, cursor, pipeline: [{ $group: { _id: 1, a: { $accumulator: {} } } }] }, 15952],
    [
      "$bucketAuto's granularity",
      { aggregate, cursor, pipeline: [{ $bucketAuto: { groupBy: '$a', buckets: 2, granularity: 'R5' } }] },
      238,
    ],
    ['$toHashedIndexKey', { aggregate, cursor, pipeline: [{ $set: { a: { $toHashedIndexKey: '$a' } } }] }, 168],
    ["a range's dataSize", { dataSize: 'x.y', keyPattern: { a: 1 }, min: { a: 1 }, max: { a: 2 } }, 238],
    ['$where', { find: 'x', filter: { $where: 'true' } }, 2],
    ['$jsonSchema', { find: 'x', filter: { $jsonSchema: {} } }, 2],
    ['geospatial conditions', { find: 'x', filter: { at: { $near: [0, 0] } } }, 2],
    ['wildcard indexes', { createIndexes: 'x', indexes: [{ key: { '$**': 1 }, name: 'w' }] }, 67],
    ['geospatial indexes', { createIndexes: 'x', indexes: [{ key: { at: '2dsphere' }, name: 'g' }] }, 67],
    ['capped collections', { create: 'capped', capped: true, size: 4096 }, 238],
    ['views', { create: 'view', viewOn: 'x', pipeline: [] }, 238],
    ['time series', { create: 'series', timeseries: { timeField: 't' } }, 238],
    ['validators', { create: 'valid', validator: { a: 1 } }, 238],
    ['validators later', { collMod: 'x', validator: { a: 1 } }, 238],
    ['the profiler', { profile: 1 }, 238],
  ]
  test.each(cases)('%s are refused', async (_, command, code) => {
    const { db } = mongo.server()
    await db.collection('x').insertOne({})
    expect(await codeOf(db.command(command))).toBe(code)
    const names = (await db.listCollections({}, { nameOnly: true }).toArray()).map(({ name }) => name)
    expect(names).toEqual(['x'])
  })
})
