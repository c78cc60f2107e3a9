import { Saga } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import type { Answer } from '@tradewind/service-testkit/running-service'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { newCustomer, orderAfter, readOrder } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const operator = { roles: ['operator'] }
const wholeWay = ['held', 'authorized', 'committed', 'captured', 'told'] as const

function sagaIn({ status, body }: Answer): Saga {
  if (!Check(Saga, body)) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}
const repair = (id: string, action: string) =>
  orders.request('POST', `/v1/ops/sagas/${id}`, { as: operator, body: { action } })
const announced = (id: string, type: string) =>
  orders.published.filter((event) => event.type === type && JSON.stringify(event.data).includes(id))

test('a saga says where it stands and what it waits for', async () => {
  const id = await orderAfter(orders, newCustomer(), 'held')
  const saga = sagaIn(await orders.request('GET', `/v1/ops/sagas/${id}`, { as: operator }))
  expect(saga).toMatchObject({ orderId: id, status: 'reserved', stockStatus: 'held', isAwaiting: true, reminders: 0 })
  expect(saga.nextReminderAt).not.toBeNull()
})

test('the list shows who waits, the longest first, and nobody who has come to rest', async () => {
  const first = await orderAfter(orders, newCustomer(), 'held')
  const second = await orderAfter(orders, newCustomer())
  const rested = await orderAfter(orders, newCustomer(), ...wholeWay)
  orders.clock.now = new Date(orders.clock.now.getTime() + 1000)
  const { body } = await orders.request('GET', '/v1/ops/sagas?olderThanSeconds=0&limit=100', { as: operator })
  const ids: string[] = JSON.parse(JSON.stringify(body)).items.map(({ orderId }: Saga) => orderId)
  expect(ids.indexOf(first)).toBeLessThan(ids.indexOf(second))
  expect(ids).not.toContain(rested)
  const patient = await orders.request('GET', '/v1/ops/sagas?olderThanSeconds=3600', { as: operator })
  expect(patient.body).toEqual({ items: [] })
})

test('retry asks again at once, with the same event, and the timeline tells who did', async () => {
  const id = await orderAfter(orders, newCustomer(), 'held')
  expect(announced(id, 'orders.order.reserved.v1')).toHaveLength(1)
  expect(sagaIn(await repair(id, 'retry'))).toMatchObject({ status: 'reserved', reminders: 0 })
  await orders.settle()
  const [first, again] = announced(id, 'orders.order.reserved.v1')
  expect(again?.id).toBe(first?.id)
  const { body } = await orders.request('GET', `/v1/orders/${id}/timeline`, { as: operator })
  expect(JSON.stringify(body)).toContain('orders.saga.retried')
})

test('retry changes nothing for an order at rest', async () => {
  const id = await orderAfter(orders, newCustomer(), ...wholeWay)
  const before = await readOrder(orders, id)
  expect(sagaIn(await repair(id, 'retry')).isAwaiting).toBe(false)
  expect(await readOrder(orders, id)).toEqual(before)
})

test('compensate cancels in the name of the operator, and is refused for what has ended', async () => {
  const id = await orderAfter(orders, newCustomer(), 'held')
  expect(sagaIn(await repair(id, 'compensate')).status).toBe('cancelled')
  expect(await readOrder(orders, id)).toMatchObject({ status: 'cancelled', reason: 'requested_by_operator' })
  const rejected = await orderAfter(orders, newCustomer(), 'rejected')
  expect(await repair(rejected, 'compensate')).toMatchObject({ status: 409, body: { code: 'ORDERS_NOT_CANCELLABLE' } })
})

test('a saga that does not exist is reported as missing', async () => {
  expect((await repair(newId('ord'), 'retry')).status).toBe(404)
  expect((await orders.request('GET', `/v1/ops/sagas/${newId('ord')}`, { as: operator })).status).toBe(404)
})
