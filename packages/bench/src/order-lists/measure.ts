import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { OrderStatus } from '@tradewind/orders/domain/order.ts'
import { migrations } from '@tradewind/orders/store/migrations.ts'
import {
  createOrderRepository,
  type OrderQuery,
  type OrderRepository,
} from '@tradewind/orders/store/order.repository.ts'
import { type Db, Long, MongoClient } from 'mongodb'
import { startServer } from '../embedded-mongodb/server-process.ts'
import { median } from '../median.ts'

export interface Options {
  /** Orders of the large shop. */
  readonly orders: number
  readonly rounds: number
  readonly onProgress: (line: string) => void
}

export interface Figure {
  readonly name: string
  /** Pages of 50 per second. */
  readonly few: number
  readonly many: number
  /** Rate at the large number against the rate at the small one. */
  readonly ratio: number
}

const fewOrders = 1000
const customers = 20
const statuses: readonly OrderStatus[] = ['confirmed', 'completed', 'cancelled', 'pending']
const batch = 2000
const secondsPerRun = 1
const page = 50
const embedded = new URL('../../../embedded-mongodb/src/main.ts', import.meta.url)

const customerOf = (number: number) => `usr_${(number % customers).toString(16).padStart(32, '0')}`
const idOf = (number: number) => `ord_${number.toString(16).padStart(32, '0')}`

/** Pages of orders from a shop with few orders and from one with many, on the database that a laptop has. */
export async function measureOrderLists({ orders, rounds, onProgress }: Options): Promise<Figure[]> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
  const server = await startServer(embedded, ['--port', '0', '--data', dataDir])
  const client = await MongoClient.connect(server.url)
  try {
    const [few, many] = [client.db('few'), client.db('many')]
    await fill(few, fewOrders)
    onProgress(`writing ${orders} orders`)
    await fill(many, orders)
    const queries = queriesOver(orders)
    const figures: Figure[] = []
    for (const [name, query] of queries) {
      const runs: { few: number; many: number }[] = []
      for (let round = 0; round < rounds; round += 1) {
        const small = await rateOf(repositoryOf(few), { ...query, after: undefined })
        runs.push({ few: small, many: await rateOf(repositoryOf(many), query) })
      }
      const figure = {
        name,
        few: median(runs.map((run) => run.few)),
        many: median(runs.map((run) => run.many)),
        ratio: median(runs.map((run) => run.many / run.few)),
      }
      onProgress(`${name}: ${Math.round(figure.many)}/s of ${orders}, ${Math.round(figure.few)}/s of ${fewOrders}`)
      figures.push(figure)
    }
    return figures
  } finally {
    await client.close()
    await server.stop()
    await rm(dataDir, { recursive: true, force: true })
  }
}

/** A customer always has a page full of orders in the small shop, too. */
function queriesOver(orders: number): [string, OrderQuery][] {
  const first: OrderQuery = { customerId: undefined, status: undefined, after: undefined, limit: page }
  const middle = idOf(Math.floor(orders / 2))
  const customerId = customerOf(7)
  return [
    ['all orders, first page', first],
    ['all orders, from the middle', { ...first, after: middle }],
    ['by status, from the middle', { ...first, status: 'completed', after: middle }],
    ['by customer, from the middle', { ...first, customerId, after: middle, limit: page - 1 }],
  ]
}

const repositoryOf = (db: Db) => createOrderRepository(db, () => new Date())

async function rateOf(orders: OrderRepository, query: OrderQuery): Promise<number> {
  const until = performance.now() + secondsPerRun * 1000
  const startedAt = performance.now()
  let pages = 0
  while (performance.now() < until) {
    const found = await orders.list(query)
    if (found.length < query.limit) throw new Error(`${found.length} orders on a page of ${query.limit}`)
    pages += 1
  }
  return pages / ((performance.now() - startedAt) / 1000)
}

async function fill(db: Db, orders: number): Promise<void> {
  for (const migration of migrations) await migration.up(db)
  const collection = db.collection<{ _id: string }>('orders')
  for (let first = 0; first < orders; first += batch) {
    const size = Math.min(batch, orders - first)
    await collection.insertMany(Array.from({ length: size }, (_, index) => newOrder(first + index)))
  }
}

function newOrder(number: number) {
  const money = (amount: number) => ({ amountMinor: Long.fromNumber(amount), currency: 'EUR' })
  const at = new Date(1_700_000_000_000 + number)
  const line = { id: `oln_${number}`, sku: 'MUG-BLUE', title: 'Mug, blue', quantity: 1 }
  return {
    _id: idOf(number),
    number: `TW-${number}`,
    customerId: customerOf(number),
    status: statuses[Math.floor(number / customers) % statuses.length],
    idempotencyKey: `key-${number}`,
    lines: [{ ...line, unitPrice: money(1250), total: money(1250) }],
    total: money(1250),
    timeline: Array.from({ length: 6 }, () => ({ at, type: 'orders.order.placed', service: 'orders', data: {} })),
    version: 7,
    createdAt: at,
    updatedAt: at,
    writeId: 'bench',
    outbox: { seq: 4, published: 4, entries: [] },
  }
}
