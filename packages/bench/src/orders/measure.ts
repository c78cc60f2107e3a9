import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { textOf } from '@tradewind/launcher/http-api'
import { median } from '../median.ts'
import { openShop, type Shop } from './shop.ts'

export interface Options {
  /** How many clients place orders at once, one after another. */
  readonly clientCounts: readonly number[]
  readonly rounds: number
  /** Length of one run. */
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Run {
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What one order took of the processors, by process, the bench's own clients included, in milliseconds. */
  readonly cpuMsPerOrder: Readonly<Record<string, number>>
}

export interface Figures {
  /** Each client places an order, waits until it is confirmed, reads it back, and begins again. */
  readonly closed: readonly (Run & { readonly clients: number })[]
  /** Orders come at a fixed rate, whatever the system does; a latency counts from when the order was due. */
  readonly open: {
    readonly ratePerSecond: number
    readonly accepted: Run
    readonly confirmed: Run
  }
}

const skuCount = 1000
const mostLines = 3
/** Longer than any of them takes. */
const waitSeconds = 30

/** Orders through the gateway with every process of the system on this machine, durable, over 1,000 SKUs. */
export async function measureOrders(options: Options): Promise<Figures> {
  const { clientCounts, rounds, seconds, onProgress } = options
  onProgress('starting the system and filling its shelves')
  const shop = await openShop(skuCount, Math.max(...clientCounts))
  try {
    await closedLoop(shop, 32, seconds)
    const closed: (Run & { clients: number })[] = []
    for (const clients of clientCounts) {
      const runs: Run[] = []
      for (let round = 0; round < rounds; round += 1) runs.push(await closedLoop(shop, clients, seconds))
      const run = middle(runs)
      closed.push({ clients, ...run })
      onProgress(`${clients} clients: ${Math.round(run.perSecond)} confirmed orders per second`)
    }
    const ratePerSecond = Math.max(1, Math.round(Math.max(...closed.map(({ perSecond }) => perSecond)) / 2))
    const accepted: Run[] = []
    const confirmed: Run[] = []
    for (let round = 0; round < rounds; round += 1) {
      accepted.push(await openLoop(shop, ratePerSecond, seconds, {}))
      confirmed.push(await openLoop(shop, ratePerSecond, seconds, untilConfirmed))
    }
    onProgress(`at ${ratePerSecond} orders per second: p99 to confirmation ${Math.round(middle(confirmed).p99Ms)} ms`)
    return { closed, open: { ratePerSecond, accepted: middle(accepted), confirmed: middle(confirmed) } }
  } finally {
    await shop.stop()
  }
}

const untilConfirmed = { prefer: `wait=${waitSeconds}` }

/** Places an order of one to three lines. Its answer comes when it is confirmed, where the headers ask for that. */
async function place({ api, skus, customers }: Shop, client: number, headers: Readonly<Record<string, string>>) {
  const lines = Array.from({ length: 1 + Math.floor(Math.random() * mostLines) }, () => ({
    sku: skus[Math.floor(Math.random() * skus.length)],
    quantity: 1,
  }))
  const token = customers[client % customers.length] ?? ''
  const order = await api.call('/v1/orders', 201, {
    method: 'POST',
    token,
    headers: { 'idempotency-key': randomUUID(), ...headers },
    body: { lines, paymentMethod: 'pm_approve' },
  })
  return { id: textOf(order, 'id'), status: textOf(order, 'status'), token }
}

async function closedLoop(shop: Shop, clients: number, seconds: number): Promise<Run> {
  return await measured(shop, async (latencies) => {
    const until = performance.now() + seconds * 1000
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        while (performance.now() < until) {
          const startedAt = performance.now()
          const { id, status, token } = await place(shop, client, untilConfirmed)
          if (status !== 'confirmed') throw new Error(`order ${id} is ${status}`)
          latencies.push(performance.now() - startedAt)
          await shop.api.call(`/v1/orders/${id}`, 200, { token })
        }
      }),
    )
  })
}

async function openLoop(shop: Shop, rate: number, seconds: number, headers: Record<string, string>): Promise<Run> {
  return await measured(shop, async (latencies) => {
    const startedAt = performance.now()
    const underWay: Promise<void>[] = []
    for (let number = 0; number < rate * seconds; number += 1) {
      const dueAt = startedAt + (number * 1000) / rate
      if (dueAt > performance.now()) await delay(dueAt - performance.now())
      underWay.push(place(shop, number, headers).then(() => void latencies.push(performance.now() - dueAt)))
    }
    await Promise.all(underWay)
  })
}

async function measured(shop: Shop, work: (latencies: number[]) => Promise<void>): Promise<Run> {
  const before = cpuOf(shop)
  const startedAt = performance.now()
  const latencies: number[] = []
  await work(latencies)
  const seconds = (performance.now() - startedAt) / 1000
  const after = cpuOf(shop)
  const sorted = latencies.toSorted((a, b) => a - b)
  const spent = [...after].map(([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / sorted.length] as const)
  return {
    perSecond: sorted.length / seconds,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    cpuMsPerOrder: Object.fromEntries(spent),
  }
}

function cpuOf(shop: Shop): Map<string, number> {
  const { user, system } = process.cpuUsage()
  return new Map([...shop.cpuMs(), ['clients', (user + system) / 1000]])
}

/** The run in the middle by speed. */
function middle(runs: readonly Run[]): Run {
  const speed = median(runs.map(({ perSecond }) => perSecond))
  const [first, ...rest] = runs
  if (first === undefined) throw new Error('no runs')
  return rest.reduce(
    (best, run) => (Math.abs(run.perSecond - speed) < Math.abs(best.perSecond - speed) ? run : best),
    first,
  )
}
