import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { openShop, type TestShop } from './shop.ts'

let backends: Backends
let orders: OrdersUnderTest
let shop: TestShop
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders'), capture: 'on_ship' })
  shop = openShop(orders)
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

test('the order rests authorised, each part is taken as it leaves, and all parts come to the total', async () => {
  const order = await shop.confirmed([3, 333], [1, 1001])
  expect(await order.read()).toMatchObject({ paymentStatus: 'authorized', capture: 'on_ship' })
  expect((await order.saga()).isAwaiting).toBe(false)
  const first = await order.ship(1)
  expect((await order.saga()).wishes).toEqual([{ kind: 'capture', id: first.id }])
  await shop.answer()
  expect(await order.read()).toMatchObject({ paymentStatus: 'partially_captured' })
  expect(shop.others.capturedMinor(order.id)).toBe(333)
  const second = await order.ship(2, 1)
  await shop.answer()
  expect(shop.others.capturedMinor(order.id)).toBe(2000)
  expect(await order.read()).toMatchObject({ status: 'fulfilled', paymentStatus: 'captured' })
  const shipped = orders.published.filter(({ type }) => type === 'orders.fulfilment.shipped.v1')
  expect(shipped.map(({ data }) => data)).toMatchObject([
    { capture: { amount: { amountMinor: 333 }, isLast: false, asked: { amountMinor: 333 } } },
    { capture: { amount: { amountMinor: 1667 }, isLast: true, asked: { amountMinor: 2000 } } },
  ])
  await order.deliver(first.id)
  await order.deliver(second.id)
  expect((await order.read()).status).toBe('completed')
})

test('a cancelled rest is not taken, and nothing goes back', async () => {
  const order = await shop.confirmed([2, 400])
  await order.ship(1)
  await shop.answer()
  expect((await order.cancel()).status).toBe(200)
  await shop.answer()
  expect(await order.read()).toMatchObject({
    status: 'fulfilled',
    paymentStatus: 'captured',
    total: { amountMinor: 400 },
  })
  expect((await order.read()).refunds).toBeUndefined()
  expect(shop.others.keptMinor(order.id)).toBe(400)
})

test('an edit takes nothing before the shipment but its supplement, and all comes to the new total', async () => {
  const order = await shop.confirmed([2, 400], [1, 300])
  const [mug = '', pen = ''] = order.skus
  expect((await order.edit([mug, 3], [pen, 1])).status).toBe(201)
  await shop.answer()
  expect(await order.read()).toMatchObject({ total: { amountMinor: 1500 } })
  await order.ship(2, 1)
  await order.ship(0, 0, 1)
  await shop.answer()
  const supplement = (await orders.db.collection('orders').findOne({ partOf: order.id }))?._id
  expect(shop.others.keptMinor(order.id, String(supplement))).toBe(1500)
  expect(await order.read()).toMatchObject({ status: 'fulfilled', paymentStatus: 'captured' })
})

test('what was refused for one shipment shows, is not waited for, and is asked for with the next', async () => {
  const order = await shop.confirmed([2, 400])
  shop.others.refusesCaptures = true
  await order.ship(1)
  await shop.answer()
  shop.others.refusesCaptures = false
  expect(await order.read()).toMatchObject({
    paymentStatus: 'authorized',
    fulfilments: [{ captureFailure: 'nothing is held' }],
  })
  expect((await order.saga()).isAwaiting).toBe(false)
  await order.ship(1)
  await shop.answer()
  expect(shop.others.capturedMinor(order.id)).toBe(800)
  expect((await order.read()).paymentStatus).toBe('captured')
})
