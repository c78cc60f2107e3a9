import { randomUUID } from 'node:crypto'
import { Job, listJobErrorsRoute, maxImportBytes } from '@tradewind/contracts/jobs'
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
  await shop.newProduct({ units: 1 })
}, 60_000)
afterAll(() => system.end())

const upload = (query: string, body: string | Uint8Array<ArrayBuffer>, type: string, bearer = token) =>
  fetch(`${system.gatewayUrl}/v1/imports?${query}`, {
    method: 'POST',
    body,
    headers: { authorization: `Bearer ${bearer}`, 'content-type': type, 'idempotency-key': randomUUID() },
  })

const ended = (id: string) =>
  eventually(
    async () => {
      const job = shaped(Job, await shop.call(`/v1/jobs/${id}`, { token }))
      return job.finishedAt === undefined ? false : job
    },
    { timeoutMs: 30_000 },
  )

async function imported(query: string, body: string, type: string): Promise<Job> {
  const response = await upload(query, body, type)
  const answer = { status: response.status, headers: response.headers, body: await response.json() }
  expect([answer.status, response.headers.get('location')]).toEqual([202, `/v1/jobs/${shaped(Job, answer).id}`])
  return await ended(shaped(Job, answer).id)
}

test('products and their stock come in through the gateway, can be ordered, and go out as they came', async () => {
  const sku = `SKU-${randomUUID()}`
  const products = [
    'handle,title,category,sku,variantTitle,priceMinor,currency,attr:colour',
    `imported,"Teapot, large",kitchen,${sku},Blue,1999,EUR,blue`,
    `broken,Teapot,kitchen,${sku}-2,Blue,19.99,EUR,blue`,
  ].join('\r\n')
  const first = await imported('kind=products', products, 'text/csv; charset=utf-8')
  expect([first.status, first.progress]).toMatchObject(['completed', { rows: 2, done: 1, failed: 1 }])
  const errors = await shop.call(`/v1/jobs/${first.id}/errors`, { token })
  expect(shaped(listJobErrorsRoute.schema.response[200], errors).items).toMatchObject([
    { row: 3, pointer: '/priceMinor', code: 'INVALID_INPUT' },
  ])

  const count = JSON.stringify({ sku, locationId: 'main', counted: 5 })
  const second = await imported('kind=stock', count, 'application/x-ndjson')
  expect([second.status, second.progress.done]).toEqual(['completed', 1])
  expect(await shop.readStock(sku)).toMatchObject([{ onHand: 5, available: 5 }])
  const customer = await shop.newCustomer()
  await eventually(async () => (await shop.placeAs(customer.token, { sku })).status === 201)

  const body = { kind: 'products', format: 'csv' }
  const started = shaped(Job, await shop.post('/v1/exports', body, { token }))
  expect(await ended(started.id)).toMatchObject({ status: 'completed', progress: { done: 2 } })
  const result = await fetch(`${system.gatewayUrl}/v1/jobs/${started.id}/result`, {
    headers: { authorization: `Bearer ${token}` },
  })
  expect(Object.fromEntries(result.headers)).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="products-${started.id}.csv"`,
    'x-content-type-options': 'nosniff',
  })
  const text = await result.text()
  expect(text).toContain(`imported,"Teapot, large",,kitchen,active,${sku},Blue,1999,EUR,,blue\n`)
  expect(await imported('kind=products', text, 'text/csv')).toMatchObject({ progress: { done: 2, failed: 0 } })
})

test('a file that is too large is refused, and one from a customer, too', async () => {
  const tooLarge = await upload('kind=stock', new Uint8Array(maxImportBytes + 1), 'text/csv')
  expect(tooLarge.status).toBe(413)
  await tooLarge.body?.cancel()
  const { token: customer } = await shop.newCustomer()
  expect((await upload('kind=stock', 'sku', 'text/csv', customer)).status).toBe(403)
})
