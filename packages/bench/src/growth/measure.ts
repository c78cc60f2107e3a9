import { setTimeout as delay } from 'node:timers/promises'
import type { Db, Document } from 'mongodb'
import { closedLoop, middle, type Run, warmUpSeconds } from '../shop/load.ts'
import { confirmOrder } from '../shop/place-order.ts'
import { openShop, type Shop } from '../shop/shop.ts'

export interface Options {
  /** How many orders are stored, one shop after another. */
  readonly sizes: readonly number[]
  readonly clients: number
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Size {
  readonly orders: number
  readonly run: Run
}

const skuCount = 1000
const batch = 1000

/** What an order leaves behind, and where. */
const collections = [
  ['orders', 'orders'],
  ['inventory', 'reservations'],
  ['payments', 'payments'],
  ['payments', 'simulator_charges'],
  ['notifications', 'notifications'],
] as const

/** Orders per second of shops that have stored few orders and of shops that have stored many. */
export async function measureGrowth({ sizes, clients, rounds, seconds, onProgress }: Options): Promise<Size[]> {
  const measured: Size[] = []
  for (const orders of sizes) {
    onProgress(`filling a shop with ${orders} orders`)
    const shop = await openShop(skuCount, clients)
    const work = (client: number) => confirmOrder(shop, client)
    try {
      await closedLoop(shop, clients, seconds, work)
      await multiply(shop, orders)
      await closedLoop(shop, clients, warmUpSeconds, work)
      const runs: Run[] = []
      for (let round = 0; round < rounds; round += 1) runs.push(await closedLoop(shop, clients, seconds, work))
      measured.push({ orders, run: middle(runs) })
      onProgress(`${orders} stored: ${Math.round(middle(runs).perSecond)} confirmed orders per second`)
    } finally {
      await shop.stop()
    }
  }
  return measured
}

/** Stores what a real order left behind again and again, under ids of its own, until there are so many. */
async function multiply(shop: Shop, orders: number): Promise<void> {
  const { id } = await confirmOrder(shop, 0)
  const digits = id.replace(/^ord_/, '')
  for (const [service, name] of collections) {
    const collection = shop.database(service).collection<{ _id: string }>(name)
    const original = await leftBehind(shop.database(service), name, digits)
    for (let first = 0; first < orders; first += batch) {
      const size = Math.min(batch, orders - first)
      const copies = Array.from({ length: size }, (_, index) => copyOf(original, digits, first + index))
      await collection.insertMany(copies, { ordered: false })
    }
  }
}

async function leftBehind(db: Db, name: string, digits: string): Promise<{ _id: string }> {
  const giveUpAt = performance.now() + 20_000
  for (;;) {
    await delay(100)
    const ofOrder = name === 'notifications' ? { orderId: `ord_${digits}` } : { _id: { $regex: `${digits}$` } }
    // Once nothing of it is under way any more: what waits would be carried on with in every copy.
    const filter = { ...ofOrder, dueAt: { $exists: false }, 'outbox.pendingAt': { $exists: false } }
    const found = await db.collection<{ _id: string }>(name).findOne(filter)
    if (found !== null) return found
    if (performance.now() > giveUpAt) throw new Error(`nothing of the order in ${name}`)
  }
}

/** The same with other ids, keys and numbers wherever the order's own stand. */
function copyOf(original: { _id: string }, digits: string, number: number): { _id: string } {
  const other = number.toString(16).padStart(32, '0')
  const walk = (value: unknown, name: string): unknown => {
    if (typeof value === 'string') {
      if (name === 'idempotencyKey' || name === 'number') return `${value}-${number}`
      if (name === '_id' && !value.includes(digits)) return `${value}-${number}`
      return value.replaceAll(digits, other)
    }
    if (Array.isArray(value)) return value.map((one) => walk(one, name))
    if (isPlain(value)) return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, walk(one, key)]))
    return value
  }
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a copy of what it was given
  return walk(original, '') as { _id: string }
}

const isPlain = (value: unknown): value is Document =>
  typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
