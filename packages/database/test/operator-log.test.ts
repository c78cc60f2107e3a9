import { adjustStockRoute } from '@tradewind/contracts/inventory'
import { defineRoute } from '@tradewind/contracts/route'
import { defineError } from '@tradewind/service-kit/errors'
import { createLogger } from '@tradewind/service-kit/log'
import { createMetrics } from '@tradewind/service-kit/metrics'
import type { OperatorLog } from '@tradewind/service-kit/operator-actions'
import { implementRoute } from '@tradewind/service-kit/route'
import { createServer } from '@tradewind/service-kit/server'
import { createTestTokens } from '@tradewind/service-kit/testing'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { Type } from 'typebox'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { connectDatabase, type Database, isUnavailable } from '../src/connection.ts'
import { createOperatorLog, operatorLogMigration } from '../src/operator-log.ts'

const TooMany = defineError('TESTS_TOO_MANY', 'conflict', 'There are not so many.')
const noteRoute = defineRoute('orders', 'POST', '/v1/orders/:id/notes', 'user', {
  summary: 'Writes a note',
  params: Type.Object({ id: Type.String({ maxLength: 64 }) }, { additionalProperties: false }),
  body: Type.Object({ text: Type.String({ maxLength: 100 }) }, { additionalProperties: false }),
  response: { 200: Type.Object({}) },
})
const readRoute = defineRoute('orders', 'GET', '/v1/things', 'user', {
  summary: 'Reads things',
  response: { 200: Type.Object({}) },
})

const tokens = createTestTokens()
let backends: Backends
let database: Database
let now: Date
/** What was on record each time that a handler ran. */
let seen: unknown[][]

beforeAll(async () => {
  backends = await startBackends()
  const name = backends.databaseName('operator_log')
  database = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'test' })
  await operatorLogMigration.up(database.db)
})
afterAll(async () => {
  await database.close()
  await backends.stop()
})
beforeEach(async () => {
  now = new Date('2026-03-01T10:00:00Z')
  seen = []
  await database.db.collection('operator_actions').deleteMany({})
})

const actions = () => database.db.collection('operator_actions').find().sort({ _id: 1 }).toArray()
const openLog = (at: Database = database) => createOperatorLog(at.db, 'inventory', () => now)
const eventsOf = async () => (await actions()).flatMap(({ outbox }) => outbox.entries)

function serve(operatorLog: OperatorLog | undefined) {
  const routes = [
    implementRoute(adjustStockRoute, async ({ body: { sku, locationId, delta } }) => {
      seen.push(await actions())
      if (delta < -5) throw TooMany()
      if (delta < -4) throw new Error('a bug')
      return { status: 201, body: { sku, locationId, onHand: 1, available: 1 } }
    }),
    implementRoute(noteRoute, async () => ({ status: 200, body: {} })),
    implementRoute(readRoute, async () => ({ status: 200, body: {} })),
  ]
  const logger = createLogger({ name: 'tests', level: 'silent' })
  const metrics = createMetrics('tests')
  return createServer({
    service: 'tests',
    logger,
    metrics,
    tokens: tokens.verifier,
    routes,
    operatorLog,
    isUnavailable,
  })
}

type As = NonNullable<Parameters<typeof tokens.bearer>[0]>
async function ask(
  server: ReturnType<typeof serve>,
  as: As,
  method: 'GET' | 'POST',
  url: string,
  payload?: object,
): Promise<number> {
  const headers = { authorization: await tokens.bearer(as), 'idempotency-key': 'k1' }
  return (await server.inject({ method, url, headers, ...(payload && { payload }) })).statusCode
}
const adjust = (server: ReturnType<typeof serve>, delta: number, as: As = { roles: ['operator'], userId: 'usr_1' }) =>
  ask(server, as, 'POST', '/v1/stock/adjustments', { sku: 'TEA-1', locationId: 'main', delta, reason: 'counted' })

test('has what is about to be done before it is done, and what came of it after, with one event', async () => {
  const server = serve(openLog())
  expect(await adjust(server, -3)).toBe(201)
  expect(seen).toMatchObject([[{ route: 'POST /v1/stock/adjustments', outbox: { entries: [] } }]])
  expect(seen[0]?.[0]).not.toHaveProperty('status')
  const [event, ...others] = await eventsOf()
  expect(others).toEqual([])
  expect(event).toMatchObject({
    type: 'inventory.operator.acted.v1',
    data: {
      at: now.toISOString(),
      actor: { kind: 'user', id: 'usr_1' },
      sessionId: expect.stringMatching(/^ses_/),
      route: 'POST /v1/stock/adjustments',
      detail: { sku: 'TEA-1', locationId: 'main', delta: -3, reason: 'counted' },
      status: 201,
    },
  })
})

test('has what was refused and what failed', async () => {
  const server = serve(openLog())
  expect([await adjust(server, -6), await adjust(server, -5)]).toEqual([409, 500])
  expect((await actions()).map(({ status }) => status)).toEqual([409, 500])
})

test('has what machines and support do, by the first id of the path, and nothing that somebody wrote', async () => {
  const server = serve(openLog())
  const note = (as: As) => ask(server, as, 'POST', '/v1/orders/ord_1/notes', { text: 'calls at noon' })
  expect(await note({ roles: ['customer', 'support'] })).toBe(200)
  expect(await note({ roles: ['machine'], scope: ['orders:note', 'own:use'], userId: 'cli_1' })).toBe(403)
  const machine = { roles: ['machine'], scope: ['stock:write'], userId: 'cli_1' }
  expect(await adjust(server, 1, machine)).toBe(201)
  const found = await actions()
  expect(found).toMatchObject([
    { actor: { kind: 'user' }, subject: 'ord_1', detail: { id: 'ord_1' } },
    { actor: { kind: 'client', id: 'cli_1' } },
  ])
  expect(JSON.stringify(found)).not.toContain('noon')
})

test('has nothing of customers, and nothing of what is only read', async () => {
  const server = serve(openLog())
  expect(await ask(server, { roles: ['customer'] }, 'POST', '/v1/orders/ord_1/notes', { text: 'hello' })).toBe(200)
  expect(await ask(server, { roles: ['operator'] }, 'GET', '/v1/things')).toBe(200)
  expect(await actions()).toEqual([])
})

test('lets nothing be done while it cannot be written down', async () => {
  const name = backends.databaseName('operator_log_away')
  const away = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'test' })
  const server = serve(openLog(away))
  await away.close()
  expect(await adjust(server, -3)).toBe(503)
  expect(seen).toEqual([])
})

test('says of what a process began and did not finish that nobody knows, once, also with several replicas', async () => {
  const action = { actor: { kind: 'user', id: 'usr_1' }, sessionId: 'ses_1', route: 'POST /v1/x', detail: {} } as const
  const [one, other] = [openLog(), openLog()]
  const finishLate = await one.begin(action)
  now = new Date(now.getTime() + 60_000)
  await one.sweep(now)
  expect(await eventsOf()).toEqual([])
  now = new Date(now.getTime() + 60_000)
  await Promise.all([one.sweep(now), other.sweep(now)])
  await finishLate(201)
  expect(await eventsOf()).toMatchObject([{ data: { status: 0 } }])
})

test('is removed after a month, but not before its event is out', async () => {
  const log = openLog()
  expect(await adjust(serve(log), -3)).toBe(201)
  now = new Date(now.getTime() + 31 * 24 * 3600 * 1000)
  await log.sweep(now)
  expect(await actions()).toHaveLength(1)
  await database.db.collection('operator_actions').updateMany({}, { $unset: { 'outbox.pendingAt': '' } })
  await log.sweep(now)
  expect(await actions()).toEqual([])
})
