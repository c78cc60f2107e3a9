import { discountRoutes } from '@tradewind/contracts/discounts'
import { newId } from '@tradewind/service-kit/ids'
import { expectRefusal } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { claimUse } from '../src/domain/discount-uses.ts'
import { createDiscountRepository } from '../src/store/discount.repository.ts'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { forSale, newCustomer, orderIn, place, reports } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
let other: OrdersUnderTest
let sku: string
beforeAll(async () => {
  backends = await startBackends()
  const database = backends.databaseName('orders')
  orders = await startOrders({ ...backends, database })
  other = await startOrders({ ...backends, database })
  sku = await forSale(orders, 1000)
})
afterAll(async () => {
  await orders.stop()
  await other.stop()
  await backends.stop()
})

const operator = { roles: ['operator'] }
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })

async function issue(terms: object): Promise<string> {
  const code = newId('C').toUpperCase()
  const { status } = await orders.request('POST', '/v1/discount-codes', { as: operator, body: { code, ...terms } })
  expect(status).toBe(201)
  return code
}
const show = async (code: string) => (await orders.request('GET', `/v1/discount-codes/${code}`, { as: operator })).body
const buy = (discountCode: string, customer = newCustomer(), headers = {}, service = orders) =>
  place(service, customer, { lines: [{ sku, quantity: 2 }], paymentMethod: 'pm_approve', discountCode }, headers)

async function settle(): Promise<void> {
  orders.clock.now = new Date(orders.clock.now.getTime() + 3000)
  other.clock.now = orders.clock.now
  await Promise.all([orders.app.settleDiscounts(), other.app.settleDiscounts()])
}

test('a thousand parallel uses of a code for a hundred, by two replicas: exactly a hundred', async () => {
  const code = await issue({ percent: 20, totalLimit: 100 })
  const answers = await Promise.all(
    Array.from({ length: 1000 }, (_, i) => buy(code, newCustomer(), {}, i % 2 === 0 ? orders : other)),
  )
  const placed = answers.filter(({ status }) => status === 201)
  const refused = answers.filter(({ status }) => status !== 201)
  expect(placed).toHaveLength(100)
  for (const { body } of placed) expect(body).toMatchObject({ discount: eur(400), total: eur(1600) })
  for (const { status, body } of refused) {
    expect({ status, body }).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_DISCOUNT_USED_UP', errors: [{ pointer: '/discountCode' }] },
    })
  }
  expect(await show(code)).toMatchObject({ uses: 100 })
}, 60_000)

test('a customer uses a code as often as allowed, also at once', async () => {
  const code = await issue({ amount: eur(300), perCustomerLimit: 2 })
  const customer = newCustomer()
  const answers = await Promise.all(
    Array.from({ length: 20 }, (_, i) => buy(code, customer, {}, i % 2 ? orders : other)),
  )
  expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
  expect((await buy(code)).status).toBe(201)
})

test('the same request twice, also at once and by two replicas, uses a code once', async () => {
  const code = await issue({ percent: 50, totalLimit: 1 })
  const customer = newCustomer()
  const headers = { 'idempotency-key': newId('key') }
  const answers = await Promise.all([orders, other, orders].map((service) => buy(code, customer, headers, service)))
  answers.push(await buy(code, customer, headers))
  expect(new Set(answers.map((answer) => orderIn(answer).id)).size).toBe(1)
  expect(await show(code)).toMatchObject({ uses: 1 })
})

test('an order that stops gives its use back, a confirmed one keeps it', async () => {
  const code = await issue({ percent: 10, totalLimit: 1, perCustomerLimit: 1 })
  const customer = newCustomer()
  const first = orderIn(await buy(code, customer))
  expect((await buy(code, customer)).status).toBe(422)
  await orders.deliver(reports.rejected(first.id))
  await settle()
  expect(await show(code)).toMatchObject({ uses: 0 })

  const second = orderIn(await buy(code, customer))
  await settle()
  expect(await show(code)).toMatchObject({ uses: 1 })
  for (const step of ['held', 'authorized', 'committed'] as const) await orders.deliver(reports[step](second.id))
  await settle()
  expect(await show(code)).toMatchObject({ uses: 1 })
  expect((await buy(code)).status).toBe(422)
})

test('a use whose order was never written comes back after five minutes', async () => {
  const code = await issue({ percent: 10, totalLimit: 1 })
  const claim = { customerId: newCustomer().userId, idempotencyKey: 'lost', at: orders.clock.now }
  const uses = claimUse({ id: code, used: 0, claims: [] }, claim, 1)
  await createDiscountRepository(orders.db, () => orders.clock.now).uses.insert(uses)
  await settle()
  expect((await buy(code)).status).toBe(422)
  orders.clock.now = new Date(orders.clock.now.getTime() + 300_000)
  await settle()
  expect((await buy(code)).status).toBe(201)
})

test('a code for everything makes an order that costs nothing', async () => {
  const { status, body } = await buy(await issue({ percent: 100 }))
  expect(status).toBe(201)
  expect(body).toMatchObject({ subtotal: eur(2000), discount: eur(2000), total: eur(0) })
})

describe('operators', () => {
  test('issue, list, change and disable codes', async () => {
    const code = await issue({ percent: 10 })
    const read = await orders.request('GET', `/v1/discount-codes/${code.toLowerCase()}`, { as: operator })
    expect(read).toMatchObject({ status: 200, body: { code, percent: 10, status: 'active', uses: 0, version: 1 } })
    const change = (body: object, headers = {}) =>
      orders.request('PATCH', `/v1/discount-codes/${code}`, { as: operator, body, headers })
    expect(await change({ totalLimit: 5, endsAt: '2099-01-01T00:00:00Z' }, { 'if-match': '"1"' })).toMatchObject({
      status: 200,
      body: { totalLimit: 5, endsAt: '2099-01-01T00:00:00.000Z', version: 2 },
    })
    expect(await change({ totalLimit: 6 }, { 'if-match': '"1"' })).toMatchObject({ status: 412 })
    expect(await change({ totalLimit: null, status: 'disabled' })).toMatchObject({ status: 200, body: { version: 3 } })
    expect(await show(code)).not.toHaveProperty('totalLimit')
    expect(await buy(code)).toMatchObject({ status: 422, body: { code: 'ORDERS_UNKNOWN_DISCOUNT_CODE' } })
    const page = await orders.request('GET', '/v1/discount-codes?limit=1', { as: operator })
    expect(page.body).toMatchObject({ items: [{ code: expect.any(String) }], nextCursor: expect.any(String) })
  })

  test('hear what is wrong with a code', async () => {
    const create = (body: object) => orders.request('POST', '/v1/discount-codes', { as: operator, body })
    const code = await issue({ percent: 10 })
    expect(await create({ code: code.toLowerCase(), percent: 5 })).toMatchObject({ status: 409 })
    const period = { startsAt: '2026-02-01T00:00:00Z', endsAt: '2026-01-01T00:00:00Z' }
    for (const [terms, pointer] of [
      [{}, '/percent'],
      [{ percent: 5, amount: eur(5) }, '/percent'],
      [{ percent: 0 }, '/percent'],
      [{ percent: 101 }, '/percent'],
      [{ amount: eur(0) }, '/amount/amountMinor'],
      [{ percent: 5, ...period }, '/endsAt'],
    ] as const) {
      const answer = await create({ code: newId('C'), ...terms })
      expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer }] } })
    }
    expect(await orders.request('GET', '/v1/discount-codes/NONE', { as: operator })).toMatchObject({ status: 404 })
  })

  const named = discountRoutes.map((route) => [`${route.method} ${route.path}`, route] as const)
  test.each(named)('only: %s', async (_, { method, path }) => {
    const bodies: Record<string, object> = { POST: { code: 'NONE', percent: 1 }, PATCH: {} }
    const body = bodies[method]
    const request = body === undefined ? {} : { body }
    const url = path.replace(':code', 'NONE')
    await expectRefusal(orders, [method, url, request], 401, 'UNAUTHENTICATED')
    await expectRefusal(orders, [method, url, { ...request, as: newCustomer() }], 403, 'FORBIDDEN')
  })
})
