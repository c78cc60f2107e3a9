import { Order } from '@tradewind/contracts/orders'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

interface Told {
  readonly number: number
  readonly type: string
}

/** Follows a stream as an EventSource does: whenever it breaks off, again from behind the last event, until it is told to stop. */
async function follow(token: string, id: string, onEvent: (told: Told) => void): Promise<Told[]> {
  const told: Told[] = []
  for (;;) {
    const last = told.at(-1)?.number
    const headers = { authorization: `Bearer ${token}`, ...(last !== undefined && { 'last-event-id': String(last) }) }
    const response = await fetch(`${system.gatewayUrl}/v1/orders/${id}/stream`, { headers }).catch(() => undefined)
    if (response?.status === 204) return told
    // A connection that breaks, and a service that is away for a moment, are what the number is for.
    await read(response, (one) => {
      told.push(one)
      onEvent(one)
    }).catch(() => undefined)
  }
}

async function read(response: Response | undefined, onEvent: (told: Told) => void): Promise<void> {
  if (response?.body === null || response?.status !== 200) return
  let text = ''
  for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
    text += chunk
    const events = text.split('\n\n')
    text = events.pop() ?? ''
    for (const event of events) {
      const [, number, type = ''] = /^id: (\d+)\nevent: (.+)$/m.exec(event) ?? []
      if (number !== undefined) onEvent({ number: Number(number), type })
    }
  }
}

test('an order can be followed through the gateway, though its service is killed on the way: nothing twice, nothing missing', async () => {
  const { sku } = await shop.newProduct({ units: 5 })
  const { token } = await shop.newCustomer()
  // The payment takes two seconds, time enough to lose the service.
  const { id } = shaped(Order, await shop.placeAs(token, { sku, paymentMethod: 'pm_slow' }))
  const orders = system.component('orders')
  let crash: Promise<void> | undefined
  const told = await follow(token, id, ({ type }) => {
    if (type !== 'orders.order.reserved') return
    orders.kill('SIGKILL')
    crash ??= orders.exited().then(() => orders.restart())
  })
  await crash
  expect(crash).toBeDefined()
  const timeline = await shop.readTimeline(token, id)
  expect(told.map(({ number }) => number)).toEqual(timeline.map((_entry, index) => index + 1))
  expect(told.map(({ type }) => type).toSorted()).toEqual(timeline.map(({ type }) => type).toSorted())
  expect(told.map(({ type }) => type)).toContain('notifications.notification.sent')
}, 60_000)
