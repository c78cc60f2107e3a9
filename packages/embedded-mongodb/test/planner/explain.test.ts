import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { type Row, useServer } from '../support/mongo.ts'

const mongo = useServer()

async function filled() {
  const collection = mongo.collection()
  await collection.insertMany(Array.from({ length: 50 }, (_, i) => ({ _id: i, a: i % 5, b: i })))
  await collection.createIndex({ a: 1 })
  return collection
}

/** The names of the stages, the outermost first. */
function stagesOf(plan: Document | undefined): string[] {
  return plan === undefined ? [] : [String(plan.stage), ...stagesOf(plan.inputStage)]
}

describe('explain', () => {
  const cases: [string, Document, Document, string[], [number, number, number]][] = [
    ['a look-up by _id', { _id: 5 }, {}, ['EXPRESS_IXSCAN'], [1, 1, 1]],
    ['an index', { a: 1 }, {}, ['FETCH', 'IXSCAN'], [10, 10, 10]],
    ['a scan', { b: { $lt: 5 } }, {}, ['COLLSCAN'], [5, 0, 50]],
    ['a sort in memory', {}, { sort: { b: -1 }, limit: 3 }, ['SORT', 'COLLSCAN'], [3, 0, 50]],
    ['a simple projection', { a: 1 }, { projection: { b: 1 } }, ['PROJECTION_SIMPLE', 'FETCH', 'IXSCAN'], [10, 10, 10]],
    ['another', { b: 1 }, { projection: { x: '$b' } }, ['PROJECTION_DEFAULT', 'COLLSCAN'], [1, 0, 50]],
    ['skip and limit', {}, { skip: 1, limit: 2 }, ['LIMIT', 'SKIP', 'COLLSCAN'], [2, 0, 3]],
  ]
  test.each(cases)(
    'shows %s',
    async (_, filter, options, stages, [nReturned, totalKeysExamined, totalDocsExamined]) => {
      const collection = await filled()
      const { queryPlanner, executionStats } = await collection.find(filter, options).explain('executionStats')
      expect(stagesOf(queryPlanner.winningPlan)).toEqual(stages)
      expect(stagesOf(executionStats.executionStages)).toEqual(stages)
      expect(executionStats).toMatchObject({ executionSuccess: true, nReturned, totalKeysExamined, totalDocsExamined })
      expect(executionStats.executionStages.nReturned).toBe(nReturned)
    },
  )

  test('spells conditions out', async () => {
    const collection = await filled()
    const parsed = async (filter: Document): Promise<unknown> =>
      (await collection.find(filter).explain('queryPlanner')).queryPlanner.parsedQuery
    expect(await parsed({ a: 1 })).toEqual({ a: { $eq: 1 } })
    expect(await parsed({ a: { $in: [1] }, b: /x/i })).toEqual({
      $and: [{ a: { $eq: 1 } }, { b: { $regex: 'x', $options: 'i' } }],
    })
    expect(await parsed({ $or: [{ a: 1 }, { b: { $ne: 2 } }] })).toEqual({
      $or: [{ a: { $eq: 1 } }, { b: { $not: { $eq: 2 } } }],
    })
    expect(await parsed({})).toEqual({})
  })

  test('shows what writes and counts would do', async () => {
    const { db } = mongo.server()
    const name = (await filled()).collectionName
    const plan = async (explain: Document): Promise<string[]> =>
      stagesOf((await db.command({ explain, verbosity: 'queryPlanner' })).queryPlanner.winningPlan)
    const u = { $set: { z: 1 } }
    expect(await plan({ update: name, updates: [{ q: { a: 1 }, u, multi: true }] })).toEqual([
      'UPDATE',
      'FETCH',
      'IXSCAN',
    ])
    expect(await plan({ delete: name, deletes: [{ q: { b: 1 }, limit: 1 }] })).toEqual(['DELETE', 'COLLSCAN'])
    expect(await plan({ findAndModify: name, query: { a: 1 }, remove: true })).toEqual(['DELETE', 'FETCH', 'IXSCAN'])
    expect(await plan({ count: name, query: { b: 1 } })).toEqual(['COUNT', 'COLLSCAN'])
    expect(await plan({ find: 'nowhere', filter: { b: 1 } })).toEqual(['EOF'])
  })

  test('shows a pipeline as what it reads, and its stages', async () => {
    const collection = await filled()
    const unwind = { $unwind: '$b' }
    const { stages, queryPlanner } = await collection
      .aggregate<Row>([{ $match: { a: 1 } }, unwind])
      .explain('executionStats')
    expect(queryPlanner).toBeUndefined()
    expect(stages).toMatchObject([
      { $cursor: { queryPlanner: {}, executionStats: { nReturned: 10 } }, nReturned: 10 },
      unwind,
    ])
    const own = await mongo.server().db.command({ aggregate: collection.collectionName, pipeline: [], explain: true })
    expect(own).toHaveProperty('queryPlanner.winningPlan.stage', 'COLLSCAN')
    expect(await collection.aggregate([{ $match: { a: 1 } }]).explain()).toHaveProperty('queryPlanner.winningPlan')
  })
})
