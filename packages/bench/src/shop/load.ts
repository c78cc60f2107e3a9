import { setTimeout as delay } from 'node:timers/promises'
import { median } from '../median.ts'
import type { Shop } from './shop.ts'

export interface Run {
  readonly count: number
  readonly perSecond: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** What one of them took of the processors, by process, the bench's own clients included, in milliseconds. */
  readonly cpuMsEach: Readonly<Record<string, number>>
}

/** Until what an order runs through is compiled, everywhere; a shop runs for weeks. */
export const warmUpSeconds = 20

/** So many clients, each of which does it again and again until the time is up. */
export async function closedLoop(
  shop: Shop,
  clients: number,
  seconds: number,
  work: (client: number) => Promise<unknown>,
): Promise<Run> {
  return await measured(shop, async (latencies) => {
    const until = performance.now() + seconds * 1000
    await Promise.all(
      Array.from({ length: clients }, async (_, client) => {
        while (performance.now() < until) {
          const startedAt = performance.now()
          await work(client)
          latencies.push(performance.now() - startedAt)
        }
      }),
    )
  })
}

/** At a fixed rate, whatever the system does. A latency counts from when it was due, so that nobody who had to wait is left out. */
export async function openLoop(
  shop: Shop,
  perSecond: number,
  seconds: number,
  work: (number: number) => Promise<unknown>,
): Promise<Run> {
  return await measured(shop, async (latencies) => {
    const startedAt = performance.now()
    const underWay: Promise<void>[] = []
    for (let number = 0; number < perSecond * seconds; number += 1) {
      const dueAt = startedAt + (number * 1000) / perSecond
      if (dueAt > performance.now()) await delay(dueAt - performance.now())
      underWay.push(work(number).then(() => void latencies.push(performance.now() - dueAt)))
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
    count: sorted.length,
    perSecond: sorted.length / seconds,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    cpuMsEach: Object.fromEntries(spent),
  }
}

function cpuOf(shop: Shop): Map<string, number> {
  const { user, system } = process.cpuUsage()
  return new Map([...shop.cpuMs(), ['clients', (user + system) / 1000]])
}

/** The run in the middle by speed. */
export function middle(runs: readonly Run[]): Run {
  const speed = median(runs.map(({ perSecond }) => perSecond))
  const [first, ...rest] = runs
  if (first === undefined) throw new Error('no runs')
  return rest.reduce(
    (best, run) => (Math.abs(run.perSecond - speed) < Math.abs(best.perSecond - speed) ? run : best),
    first,
  )
}

/** All processes together. */
export const cpuTotal = ({ cpuMsEach }: Run): number => Object.values(cpuMsEach).reduce((sum, ms) => sum + ms, 0)
