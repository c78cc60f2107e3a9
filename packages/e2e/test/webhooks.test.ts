import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { text } from 'node:stream/consumers'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem({ NOTIFICATIONS_WEBHOOK_ALLOW_HTTP: 'true', NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE: 'true' })
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

test('events of orders reach an endpoint as long as there is one, and cost no delivery without', async () => {
  const received: { id: string; type: string; orderId: string }[] = []
  const receiver = createServer((request, answer) => {
    void text(request).then((body) => {
      const { id, type, data } = JSON.parse(body)
      received.push({ id, type, orderId: data.orderId })
      answer.end()
    })
  })
  receiver.listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  const address: AddressInfo | string | null = receiver.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver does not listen')
  const broker = await connect({ servers: system.natsUrl })
  const manager = await jetstreamManager(broker)
  const consumersOfWebhooks = async () => {
    const names: string[] = []
    for await (const { name } of manager.consumers.list('ORDERS')) names.push(name)
    return names.filter((name) => name.includes('webhooks'))
  }
  try {
    await eventually(async () => (await consumersOfWebhooks()).length === 0)
    const { sku } = await shop.newProduct({ units: 5, priceMinor: 1000 })
    const { token } = await shop.newCustomer()
    const staff = await shop.signInOperator()
    const url = `http://127.0.0.1:${address.port}/hook`
    const made = await shop.post('/v1/webhooks', { url, eventTypes: ['orders.order.*'] }, { token: staff })
    expect(made.status).toBe(201)
    const { id: endpointId } = JSON.parse(JSON.stringify(made.body))
    // At once: before any replica has noticed that somebody listens.
    const order = await shop.placeAs(token, { sku, quantity: 1, waitSeconds: 10 })
    const { id: orderId } = JSON.parse(JSON.stringify(order.body))
    const typesOf = () => new Set(received.filter((event) => event.orderId === orderId).map(({ type }) => type))
    const told = ['placed', 'reserved', 'authorized', 'confirmed'].map((what) => `orders.order.${what}.v1`)
    await eventually(() => told.every((type) => typesOf().has(type)), { timeoutMs: 20_000 })
    expect(await consumersOfWebhooks()).toEqual(['notifications-webhooks-orders'])

    expect((await shop.call(`/v1/webhooks/${endpointId}`, { method: 'DELETE', token: staff })).status).toBe(204)
    await eventually(async () => (await consumersOfWebhooks()).length === 0, { timeoutMs: 20_000 })
  } finally {
    receiver.close()
    await broker.close()
  }
})
