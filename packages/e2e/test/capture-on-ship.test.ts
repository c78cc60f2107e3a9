import { randomUUID } from 'node:crypto'
import { Fulfilment } from '@tradewind/contracts/fulfilment'
import { Order } from '@tradewind/contracts/orders'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem({ ORDERS_CAPTURE: 'on_ship' })
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

test('where money is taken with each shipment, each part is taken as it leaves, and a cancelled rest never', async () => {
  const { sku } = await shop.newProduct({ units: 5, priceMinor: 333 })
  const { token } = await shop.newCustomer()
  const operator = await shop.signInOperator()
  const { id, lines } = shaped(Order, await shop.placeAs(token, { sku, quantity: 4, waitSeconds: 10 }))
  const act = (path: string, body: unknown) =>
    shop.post(`/v1/orders/${id}${path}`, body, { token: operator, headers: { 'idempotency-key': randomUUID() } })
  const ship = async (quantity: number) => {
    const units = lines.map((line) => ({ lineId: line.id, quantity }))
    const packed = shaped(Fulfilment, await act('/fulfilments', { lines: units }))
    return shaped(Fulfilment, await act(`/fulfilments/${packed.id}/ship`, {}))
  }
  const captured = async () => (await shop.readPayments(id))[0]?.capturedMinor
  const isPaid = (amountMinor: number) =>
    eventually(async () => (await captured()) === amountMinor, { timeoutMs: 15_000 })

  expect(await shop.readOrder(token, id)).toMatchObject({ status: 'confirmed', paymentStatus: 'authorized' })
  expect(await captured()).toBe(0)
  expect((await ship(1)).capture).toEqual({ amountMinor: 333, currency: 'EUR' })
  await isPaid(333)
  await eventually(async () => (await shop.readOrder(token, id)).paymentStatus === 'partially_captured')
  await ship(2)
  await isPaid(999)
  expect((await shop.post(`/v1/orders/${id}/cancel`, {}, { token })).status).toBe(200)
  await shop.untilTold(token, id, 'inventory.stock.restocked')
  await eventually(async () => (await shop.readOrder(token, id)).paymentStatus === 'captured')
  expect(await shop.readOrder(token, id)).toMatchObject({ status: 'fulfilled', total: { amountMinor: 999 } })
  expect(await captured()).toBe(999)
  expect(await shop.readStock(sku)).toMatchObject([{ onHand: 2, available: 2 }])
  await shop.untilTold(token, id, 'notifications.notification.sent')
  await eventually(async () => {
    const found = await system.violations()
    if (found.length > 0) throw new Error(JSON.stringify(found.slice(0, 3)))
    return true
  })
})
