import { randomUUID } from 'node:crypto'
import { type AuditEntry, listAuditRoute } from '@tradewind/contracts/audit'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
let token: string
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
  token = await shop.signInOperator()
}, 60_000)
afterAll(() => system.end())

async function onRecord(): Promise<readonly AuditEntry[]> {
  const answer = await shop.call('/v1/auth/audit?action=operator.acted&limit=100', { token })
  return shaped(listAuditRoute.schema.response[200], answer).items
}
const post = (path: string, body: unknown) =>
  shop.post(path, body, { token, headers: { 'idempotency-key': randomUUID() } })
const adjust = (sku: string, delta: number) =>
  post('/v1/stock/adjustments', { sku, locationId: 'main', delta, reason: 'counted' })

/** Waits for the entry of a route with these details; fails when there are two. */
async function entryOf(route: string, detail: object): Promise<AuditEntry> {
  const found = async () =>
    (await onRecord()).filter(
      (entry) => entry.detail['route'] === route && Object.entries(detail).every(([k, v]) => entry.detail[k] === v),
    )
  await eventually(async () => (await found()).length > 0, { timeoutMs: 30_000 })
  const [entry, ...others] = await found()
  if (entry === undefined || others.length > 0) throw new Error(`${others.length + 1} entries of ${route}`)
  return entry
}

test('what operators do in every service is in the audit log, which holds', async () => {
  const { sku } = await shop.newProduct({ units: 5 })
  const { token: customer } = await shop.newCustomer()
  const placed = await shop.placeAs(customer, { sku, waitSeconds: 5 })
  const { id: orderId } = JSON.parse(JSON.stringify(placed.body))
  expect((await post(`/v1/orders/${orderId}/cancel`, {})).status).toBe(200)
  expect((await post('/v1/discount-codes', { code: 'SPRING', percent: 10 })).status).toBe(201)
  expect((await post('/v1/payments/reconciliations', {})).status).toBe(202)
  const webhook = { url: 'https://shop.example/hook', eventTypes: ['orders.order.placed.v1'] }
  expect((await post('/v1/webhooks', webhook)).status).toBe(201)
  expect((await adjust(sku, -2)).status).toBe(201)

  const stock = await entryOf('POST /v1/stock/adjustments', { sku, delta: -2 })
  expect(stock).toMatchObject({
    actor: { kind: 'user' },
    from: expect.stringMatching(/^net_/),
    detail: { status: 201 },
  })
  expect(await entryOf('POST /v1/orders/:id/cancel', { service: 'orders' })).toMatchObject({
    actor: stock.actor,
    subject: orderId,
  })
  await entryOf('POST /v1/discount-codes', { code: 'SPRING', percent: 10 })
  await entryOf('POST /v1/payments/reconciliations', { service: 'payments', status: 202 })
  await entryOf('POST /v1/webhooks', { service: 'notifications', status: 201 })
  // Nothing of what customers do.
  expect((await onRecord()).filter(({ detail }) => detail['route'] === 'POST /v1/orders')).toEqual([])
  const verified = await shop.call('/v1/auth/audit/verification', { token })
  expect(verified.body).toMatchObject({ broken: null })
}, 60_000)

test('what is done while the broker is away is in it once the broker is back', async () => {
  const { sku } = await shop.newProduct({ units: 5 })
  const broker = system.component('nats')
  broker.kill('SIGKILL')
  await broker.exited()
  expect((await adjust(sku, -3)).status).toBe(201)
  await broker.restart()
  expect(await entryOf('POST /v1/stock/adjustments', { sku, delta: -3 })).toMatchObject({ detail: { status: 201 } })
}, 90_000)
