import { headers as createHeaders } from '@nats-io/nats-core'
import { getDeadLetterRoute, listDeadLettersRoute } from '@tradewind/contracts/dead-letters'
import { NotificationSentV1 } from '@tradewind/contracts/notifications'
import { connectMessaging, type Messaging } from '@tradewind/messaging/connection'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { newId } from '@tradewind/service-kit/ids'
import { createLogger } from '@tradewind/service-kit/log'
import type { Answer } from '@tradewind/service-testkit/running-service'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { eventually } from '@tradewind/testkit/eventually'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { newCustomer, orderAfter, readOrder } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
let broker: Messaging
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
  const logger = createLogger({ name: 'test', level: 'silent' })
  broker = await connectMessaging({ url: backends.natsUrl, service: 'orders', logger })
})
afterAll(async () => {
  await broker.close()
  await orders.stop()
  await backends.stop()
})

const operator = { roles: ['operator'] }

function shaped<S extends TSchema>(schema: S, { status, body }: Answer): Static<S> {
  if (!Check(schema, body)) throw new Error(`${status}: ${JSON.stringify(body)}`)
  return body
}

const ask = (method: 'GET' | 'POST', path: string, body?: unknown) =>
  orders.request(method, `/v1/ops/dead-letters${path}`, { as: operator, ...(body !== undefined && { body }) })
const list = async (query = '') => shaped(listDeadLettersRoute.schema.response[200], await ask('GET', query))

/** A dead letter as a consumer of orders leaves it. */
async function giveUp(consumer: string, type: string, data: unknown, reason: string): Promise<string> {
  const headers = createHeaders()
  const attributes = {
    'ce-id': newId('evt'),
    'ce-type': type,
    'ce-time': new Date().toISOString(),
    'dead-letter-subject': type,
    'dead-letter-consumer': consumer,
    'dead-letter-reason': reason,
    'dead-letter-deliveries': '8',
  }
  for (const [name, value] of Object.entries(attributes)) headers.set(name, value)
  const { seq } = await broker.client.publish(`dead-letter.orders.${consumer}`, JSON.stringify(data), { headers })
  return `dlq_${seq}`
}

test('an event that nobody can handle is listed with its reason, fails again, and is discarded', async () => {
  const held = 'inventory.reservation.held.v1'
  await orders.publish({ id: 'evt_broken', type: held, data: { orderId: 7 } })
  const [letter] = await eventually(async () => {
    const { items } = await list('?limit=100')
    return items.filter(({ eventId }) => eventId === 'evt_broken').length > 0 && items
  })
  expect(letter).toMatchObject({ type: held, service: 'orders', consumer: 'orders-reservations', deliveries: 1 })
  const shown = shaped(getDeadLetterRoute.schema.response[200], await ask('GET', `/${letter?.id}`))
  expect(JSON.parse(shown.data)).toEqual({ orderId: 7 })

  const { status, body } = await ask('POST', `/${letter?.id}/replay`)
  expect([status, JSON.stringify(body)]).toEqual([200, expect.stringContaining('/orderId')])
  expect((await ask('GET', `/${letter?.id}`)).status).toBe(200)
  expect((await ask('POST', `/${letter?.id}/discard`, { reason: 'made by a test' })).status).toBe(204)
  expect((await ask('GET', `/${letter?.id}`)).body).toMatchObject({ code: 'ORDERS_DEAD_LETTER_NOT_FOUND' })
  expect((await ask('POST', `/${letter?.id}/discard`, { reason: 'again' })).status).toBe(404)
})

test('an event that can be handled by now is handled as it is, and leaves', async () => {
  const orderId = await orderAfter(orders, newCustomer(), 'held', 'authorized', 'committed', 'captured')
  const sent = { notificationId: newId('ntf'), orderId, template: 'order-confirmed', channel: 'email' }
  const id = await giveUp('orders-notifications', NotificationSentV1.type, sent, 'a fault that was mended')
  expect((await ask('POST', `/${id}/replay`)).body).toEqual({ failure: null })
  expect((await ask('GET', `/${id}`)).status).toBe(404)
  const { body } = await orders.request('GET', `/v1/ops/sagas/${orderId}`, { as: operator })
  expect(body).toMatchObject({ toldOf: ['confirmed'] })
  expect(await readOrder(orders, orderId)).toMatchObject({ status: 'confirmed' })
})

test('a consumer that is no more says so', async () => {
  const id = await giveUp('orders-forgotten', NotificationSentV1.type, {}, 'whatever')
  expect((await ask('POST', `/${id}/replay`)).body).toEqual({
    failure: 'there is no consumer orders-forgotten any more',
  })
})

test('the list goes by pages, and over gaps', async () => {
  const letters = openDeadLetters(broker)
  const ids: string[] = []
  for (let n = 0; n < 5; n += 1) ids.push(await giveUp('orders-forgotten', 'orders.page.told.v1', { n }, `number ${n}`))
  await letters.remove(Number(ids[1]?.slice(4)))
  const seen: string[] = []
  let query = '?limit=2'
  for (;;) {
    const { items, nextCursor } = await list(query)
    seen.push(...items.filter(({ type }) => type === 'orders.page.told.v1').map(({ id }) => id))
    if (nextCursor === null) break
    query = `?limit=2&cursor=${nextCursor}`
  }
  expect(seen).toEqual(ids.filter((_, index) => index !== 1))
})

test('dead letters are no business of customers', async () => {
  for (const [method, path] of [
    ['GET', ''],
    ['GET', '/dlq_1'],
    ['POST', '/dlq_1/replay'],
  ] as const)
    expect((await orders.request(method, `/v1/ops/dead-letters${path}`, { as: {} })).status).toBe(403)
})
