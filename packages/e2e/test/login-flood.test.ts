import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  // No limit holds the flood up here: the queue before the hashes has to.
  system = await runSystem({
    AUTH_GUESSES_PER_NETWORK: '10000000',
    AUTH_HASH_CONCURRENCY: '1',
    AUTH_HASH_QUEUE: '16',
  })
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

const orders = 80
const floodAtOnce = 64
/** So many times slower an order may be, and never slower than this while the machine does nothing else. */
const mostTimesSlower = 10
const alwaysFineMs = 1000

async function latencies(token: string, sku: string): Promise<number[]> {
  const times: number[] = []
  for (let index = 0; index < orders; index++) {
    const startedAt = performance.now()
    expect((await shop.placeAs(token, { sku })).status).toBe(201)
    times.push(performance.now() - startedAt)
  }
  return times.toSorted((a, b) => a - b)
}
const p99 = (times: readonly number[]) => times[Math.ceil(times.length * 0.99) - 1] ?? 0

test('a flood of sign-ins meets a bounded queue, and orders go on', { timeout: 90_000 }, async () => {
  const { sku } = await shop.newProduct({ units: 1000 })
  const { token } = await shop.newCustomer()
  await latencies(token, sku)
  const quiet = await latencies(token, sku)

  const statuses = new Map<number, number>()
  let isOver = false
  const guess = async () => {
    while (!isOver) {
      const { status } = await shop.post('/v1/auth/login', { email: `${randomUUID()}@example.com`, password: 'wrong' })
      statuses.set(status, (statuses.get(status) ?? 0) + 1)
    }
  }
  const flood = Array.from({ length: floodAtOnce }, guess)
  const flooded = await latencies(token, sku)
  isOver = true
  await Promise.all(flood)

  const answered = [...statuses.keys()].toSorted((a, b) => a - b)
  // Who found no place in the queue was told so at once.
  expect(answered).toEqual([401, 503])
  expect(p99(flooded)).toBeLessThan(Math.max(alwaysFineMs, mostTimesSlower * p99(quiet)))
  expect((await shop.post('/v1/auth/login', { email: 'a@example.com', password: 'wrong' })).status).toBe(401)
})
