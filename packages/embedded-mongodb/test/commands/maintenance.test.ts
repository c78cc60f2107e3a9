import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, REAL_SERVER, useServer } from '../support/mongo.ts'

const mongo = useServer()

function admin(command: Document): Promise<Document> {
  return mongo.server().client.db('admin').command(command)
}

describe('tools find', () => {
  const asked: Document[] = [
    { top: 1 },
    { currentOp: 1 },
    { currentOp: 1, $all: true, active: true },
    { listCommands: 1 },
    { getDefaultRWConcern: 1 },
    { fsync: 1 },
    { killAllSessions: [] },
    { killAllSessionsByPattern: [] },
    { usersInfo: 1 },
    { rolesInfo: 1 },
    { profile: -1 },
    { dataSize: 'x.y' },
    { getLog: 'startupWarnings' },
    { getParameter: '*' },
    { getParameter: { showDetails: true, allParameters: true } },
    { connectionStatus: 1, showPrivileges: true },
    { buildInfo: 1 },
    { hostInfo: 1 },
    { getCmdLineOpts: 1 },
  ]
  test.each(asked)('%j', async (command) => {
    expect(await admin(command)).toMatchObject({ ok: 1 })
  })

  test('no replication, no profiler and no unknown parameter', async () => {
    expect(await failure(admin({ replSetGetStatus: 1 }))).toMatchObject({
      code: 76,
      codeName: 'NoReplicationEnabled',
      message: 'not running with --replSet',
    })
    expect(await codeOf(admin({ profile: 2 }))).toBe(238)
    expect(await codeOf(admin({ getParameter: 1, nothing: 1 }))).toBe(72)
    expect(await codeOf(admin({ setParameter: 1, nothing: 1 }))).toBe(72)
    expect(await codeOf(admin({ fsync: 1, lock: true }))).toBe(238)
  })

  test('the sections of serverStatus', async () => {
    const status = await admin({ serverStatus: 1 })
    for (const section of ['asserts', 'connections', 'globalLock', 'locks', 'network', 'opLatencies', 'opcounters']) {
      expect(status).toHaveProperty(section)
    }
    expect(status).toMatchObject({ transactions: { currentOpen: 0 }, mem: { bits: 64 }, process: 'mongod' })
  })

  test('what collections hold', async () => {
    const collection = mongo.collection()
    await collection.insertMany([{ a: 1 }, { a: 2 }])
    const { db } = mongo.server()
    const figures = { count: 2, nindexes: 1, capped: false, indexSizes: { _id_: expect.any(Number) } }
    expect(await db.command({ collStats: collection.collectionName })).toMatchObject(figures)
    const [stats] = await collection.aggregate([{ $collStats: { storageStats: {}, count: {} } }]).toArray()
    expect(stats).toMatchObject({ count: 2, storageStats: { ...figures, totalIndexSize: expect.any(Number) } })
    expect(await db.command({ validate: collection.collectionName })).toMatchObject({
      valid: true,
      nrecords: 2,
      keysPerIndex: { _id_: 2 },
      indexDetails: { _id_: { valid: true } },
      corruptRecords: [],
    })
  })
})

test.skipIf(REAL_SERVER !== undefined)('expiry comes sooner when its pause is shortened', async () => {
  const collection = mongo.collection()
  await collection.createIndex({ at: 1 }, { expireAfterSeconds: 0 })
  await collection.insertOne({ at: new Date(0) })
  expect(await admin({ setParameter: 1, ttlMonitorSleepSecs: 1 })).toMatchObject({ was: 60, ok: 1 })
  await expect.poll(() => collection.countDocuments(), { timeout: 5000 }).toBe(0)
  expect(await admin({ getParameter: 1, ttlMonitorSleepSecs: 1 })).toMatchObject({ ttlMonitorSleepSecs: 1 })
})

describe('names', () => {
  test('a collection may be created again with the same options only', async () => {
    const { db } = mongo.server()
    await db.createCollection('twice')
    expect(await db.command({ create: 'twice' })).toMatchObject({ ok: 1 })
    expect(await codeOf(db.command({ create: 'twice', collation: { locale: 'en' } }))).toBe(48)
  })

  test('databases differ by more than case', async () => {
    const { client } = mongo.server()
    await client.db('caseSensitive').collection('x').insertOne({})
    expect(await failure(client.db('casesensitive').collection('x').insertOne({}))).toMatchObject({
      code: 13297,
      codeName: 'DatabaseDifferCase',
      message: 'db already exists with different case already have: [caseSensitive] trying to create [casesensitive]',
    })
    await client.db('caseSensitive').dropDatabase()
  })

  test.each([
    { find: '' },
    { find: 5 },
    { count: '.x' },
    { distinct: '', key: 'a' },
    { insert: 'a$b', documents: [{}] },
  ])('%j is refused', async (command) => {
    expect(await codeOf(mongo.server().db.command(command))).toBe(73)
  })

  test('errors of unknown and missing fields have names', async () => {
    const { db } = mongo.server()
    expect(await failure(db.command({ find: 'x', nothing: 1 }))).toMatchObject({ codeName: 'IDLUnknownField' })
    expect(await failure(db.command({ insert: 'x' }))).toMatchObject({ codeName: 'IDLFailedToParse' })
  })
})
