import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { connectDatabase, type Database } from '../src/connection.ts'
import { type Migration, migrate } from '../src/migrations.ts'

let backends: Backends
let database: Database
beforeAll(async () => {
  backends = await startBackends()
  database = await connectDatabase({
    url: backends.mongodbUrl,
    name: backends.databaseName('migrations'),
    appName: 'test',
  })
})
afterAll(async () => {
  await database.close()
  await backends.stop()
})

const now = () => new Date()

test('applies each migration once and in order, though three replicas start together', async () => {
  const applied: string[] = []
  const migrations = ['0001-first', '0002-second'].map(
    (name): Migration => ({
      name,
      up: async (db) => {
        applied.push(name)
        await db.collection('traces').insertOne({ name })
      },
    }),
  )
  const reports = await Promise.all([1, 2, 3].map(() => migrate(database.db, migrations, now)))
  expect(applied).toEqual(['0001-first', '0002-second'])
  expect(reports.flat()).toEqual(['0001-first', '0002-second'])
  expect(await migrate(database.db, migrations, now)).toEqual([])
})

test('stops at a migration that fails and takes it up again at the next start', async () => {
  let fails = true
  const broken: Migration = {
    name: '0003-broken',
    up: () => (fails ? Promise.reject(new Error('disk full')) : Promise.resolve()),
  }
  await expect(migrate(database.db, [broken], now)).rejects.toThrow('disk full')
  fails = false
  expect(await migrate(database.db, [broken], now)).toEqual(['0003-broken'])
})

describe('as a program of its own', () => {
  const run = promisify(execFile)
  const program = fileURLToPath(new URL('fixtures/migrate.ts', import.meta.url))

  test('migrates, and finds nothing to do when it is run again', async () => {
    const env = { MONGODB_URL: backends.mongodbUrl, MONGODB_DATABASE: backends.databaseName('program') }
    expect((await run(process.execPath, [program], { env })).stdout).toContain('"applied":["0001-indexes"]')
    expect((await run(process.execPath, [program], { env })).stdout).toContain('the database is up to date')
  })

  test('says which variable is missing', async () => {
    await expect(run(process.execPath, [program], { env: {} })).rejects.toMatchObject({
      code: 78,
      stderr: expect.stringContaining('MONGODB_URL is not set'),
    })
  })
})
