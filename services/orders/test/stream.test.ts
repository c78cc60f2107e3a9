import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { newCustomer, orderAfter, reports } from './participants.ts'

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

const wholeWay = ['held', 'authorized', 'committed', 'captured', 'told'] as const
const stream = (id: string, as: { userId: string }, headers: Record<string, string> = {}) =>
  orders.request('GET', `/v1/orders/${id}/stream`, { as, headers })

/** `[number, type]` of every event in a stream. */
const eventsIn = (body: unknown): [number, string][] =>
  [...String(body).matchAll(/^id: (\d+)\nevent: (.+)$/gm)].map(([, id, type = '']) => [Number(id), type])

describe('the stream of an order', () => {
  test('tells everything that the timeline tells, numbered, and ends when nothing is awaited', async () => {
    const customer = newCustomer()
    const id = await orderAfter(orders, customer, ...wholeWay)
    const { status, body, headers } = await stream(id, customer)
    expect([status, headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8'])
    const timeline = await orders.request('GET', `/v1/orders/${id}/timeline`, { as: customer })
    const types: string[] = JSON.parse(JSON.stringify(timeline.body)).items.map(({ type }: { type: string }) => type)
    const told = eventsIn(body)
    expect(told.map(([, type]) => type).toSorted()).toEqual(types.toSorted())
    expect(told.map(([number]) => number)).toEqual(types.map((_type, index) => index + 1))
  })

  test('goes on behind Last-Event-ID, and stops a client that has everything', async () => {
    const customer = newCustomer()
    const id = await orderAfter(orders, customer, ...wholeWay)
    const all = eventsIn((await stream(id, customer)).body)
    const rest = await stream(id, customer, { 'last-event-id': '3' })
    expect(eventsIn(rest.body)).toEqual(all.slice(3))
    expect((await stream(id, customer, { 'last-event-id': String(all.length) })).status).toBe(204)
  })

  test('tells what happens while it is open', async () => {
    const customer = newCustomer()
    const id = await orderAfter(orders, customer)
    const open = stream(id, customer)
    for (const step of wholeWay) await orders.deliver(reports[step](id))
    const told = eventsIn((await open).body)
    expect(told[0]).toEqual([1, 'orders.order.placed'])
    expect(told.map(([, type]) => type)).toContain('notifications.notification.sent')
    expect(told.map(([number]) => number)).toEqual(told.map((_event, index) => index + 1))
  })

  test.each(['-1', '1.5', 'x', '01', '1000000'])('refuses the Last-Event-ID %s', async (number) => {
    const customer = newCustomer()
    const id = await orderAfter(orders, customer)
    expect((await stream(id, customer, { 'last-event-id': number })).status).toBe(400)
  })

  test('of somebody else is missing', async () => {
    const id = await orderAfter(orders, newCustomer())
    expect((await stream(id, newCustomer())).status).toBe(404)
  })
})
