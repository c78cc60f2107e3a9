import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { newCustomer, place, product } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const env = {
    TAX_RATES: JSON.stringify([
      { country: 'DE', percent: 19, included: true },
      { country: 'US', percent: 10, included: false },
      { country: 'US', category: 'shipping', percent: 0, included: false },
    ]),
    SHIPPING_RATES: JSON.stringify([
      { country: 'DE', upToGrams: 1000, amountMinor: 490, currency: 'EUR' },
      { upToGrams: 2000, amountMinor: 1500, currency: 'EUR' },
    ]),
    DEFAULT_COUNTRY: 'DE',
  }
  orders = await startOrders({ ...backends, database: backends.databaseName('orders'), env })
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const customer = newCustomer()
const operator = { roles: ['operator'] }
const addressIn = (country: string) => ({ name: 'A', line1: 'B 1', postalCode: '1', city: 'C', country })
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })

async function twoMugsTo(country: string | undefined, more: object = {}, weightGrams = 400) {
  const sku = newId('sku')
  await orders.deliver(product([{ sku, amountMinor: 2000, weightGrams }]))
  const shippingAddress = country === undefined ? {} : { shippingAddress: addressIn(country) }
  const body = { lines: [{ sku, quantity: 2 }], paymentMethod: 'pm_approve', ...shippingAddress, ...more }
  return await place(orders, customer, body)
}

test('tax that prices include is shown and not added, shipping goes by weight', async () => {
  for (const country of ['DE', undefined]) {
    const { status, body } = await twoMugsTo(country)
    expect(status).toBe(201)
    // 19/119 of 40.00 and of 4.90
    expect(body).toMatchObject({ subtotal: eur(4000), tax: eur(639 + 78), shipping: eur(490), total: eur(4490) })
  }
})

test('tax that comes on top is added, after the discount', async () => {
  const code = newId('ten')
  const terms = { code, percent: 10, minimum: eur(4000) }
  expect((await orders.request('POST', '/v1/discount-codes', { as: operator, body: terms })).status).toBe(201)
  const { body } = await twoMugsTo('US', { discountCode: code.toLowerCase() })
  expect(body).toMatchObject({
    discountCode: code.toUpperCase(),
    subtotal: eur(4000),
    discount: eur(400),
    tax: eur(360),
    shipping: eur(1500),
    total: eur(4000 - 400 + 360 + 1500),
    lines: [{ total: eur(4000), discount: eur(400), tax: eur(360) }],
  })
})

test('what nobody ships there is refused, and nothing is written', async () => {
  const answer = await twoMugsTo('FR', {}, 5000)
  expect(answer).toMatchObject({ status: 422, body: { code: 'ORDERS_NOT_SHIPPABLE' } })
})
