import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { Order } from '@tradewind/contracts/orders'
import type { ComponentName } from '@tradewind/launcher/system'
import { eventually } from '@tradewind/testkit/eventually'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

const victims: readonly ComponentName[] = [
  'orders',
  'inventory',
  'payments',
  'notifications',
  'auth',
  'gateway',
  'nats',
  'mongodb',
]
const orderCount = 500
const clientCount = 16
/** How long a client keeps asking with the same key before it counts as an outage that never ended. */
const clientPatienceMs = 60_000

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

/** Places an order as a careful client does: the same key again until there is an answer. */
async function placeSurely(token: string, sku: string, key: string): Promise<string> {
  const giveUpAt = performance.now() + clientPatienceMs
  for (;;) {
    const answer = await shop.placeAs(token, { sku, key }).catch(() => undefined)
    if (answer?.status === 201) return shaped(Order, answer).id
    if (answer !== undefined && answer.status < 500) throw new Error(`refused: ${JSON.stringify(answer)}`)
    if (performance.now() > giveUpAt) throw new Error(`no answer for key ${key}: ${JSON.stringify(answer)}`)
    await delay(100)
  }
}

test('every accepted order ends and everything adds up, though each process is killed in the middle of 500 orders', async () => {
  const units = [150, 150, 400]
  const products = await Promise.all(units.map((count) => shop.newProduct({ units: count })))
  const customers = await Promise.all(Array.from({ length: clientCount }, () => shop.newCustomer()))
  const accepted: string[] = []
  let started = 0
  const crashes: Promise<void>[] = []

  const crash = async (name: ComponentName) => {
    const component = system.component(name)
    component.kill('SIGKILL')
    await component.exited()
    await component.restart()
  }

  await Promise.all(
    customers.map(async ({ token }) => {
      while (started < orderCount) {
        const number = started
        started += 1
        const victim = victims[Math.floor(number / 50) - 1]
        if (number % 50 === 0 && victim !== undefined) crashes.push(crash(victim))
        const { sku } = products[number % products.length] ?? { sku: '' }
        accepted.push(await placeSurely(token, sku, randomUUID()))
      }
    }),
  )
  await Promise.all(crashes)
  expect(crashes).toHaveLength(victims.length)
  expect(new Set(accepted).size).toBe(orderCount)

  await eventually(
    async () => {
      const violations = await system.violations(accepted)
      if (violations.length > 0) throw new Error(`${violations.length}: ${JSON.stringify(violations.slice(0, 5))}`)
      return true
    },
    { timeoutMs: 60_000, everyMs: 500 },
  )
  // The first two products run out: 167 buyers for 150 units each. Each new product was probed with one order that is too large.
  expect(await statuses()).toEqual({ confirmed: 150 + 150 + 166, rejected: 17 + 17 + products.length })
}, 240_000)

/** How many orders came to which end. */
async function statuses(): Promise<Record<string, number>> {
  const client = await MongoClient.connect(system.mongodbUrl)
  try {
    const orders = await client.db(system.databaseOf('orders')).collection('orders').find().toArray()
    return Object.fromEntries(
      Object.entries(Object.groupBy(orders, ({ status }) => status)).map(([status, found]) => [
        status,
        found?.length ?? 0,
      ]),
    )
  } finally {
    await client.close()
  }
}
