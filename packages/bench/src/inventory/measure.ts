import { median } from '../median.ts'
import { type Backends, databaseName, startBackends } from './backends.ts'
import { type Replica, startReplica } from './replica.ts'
import { contradictions, sell, stock } from './shop.ts'

export interface Options {
  /** Orders of one run. */
  readonly orders: number
  /** Runs of each case, of which the median counts. */
  readonly rounds: number
  /** How many processes of the service, one after another. */
  readonly replicaCounts: readonly number[]
  readonly onProgress: (line: string) => void
}

export interface Run {
  readonly perSecond: number
  readonly held: number
  readonly rejected: number
  readonly conflicts: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** Of the processors, over all orders, in microseconds per order. */
  readonly cpuUs: { readonly service: number; readonly database: number; readonly broker: number }
  /** What does not add up afterwards. */
  readonly wrong: readonly string[]
}

export interface Figures {
  readonly replicas: number
  readonly hot: Run
  readonly spread: Run
  /** One SKU against 1,000. */
  readonly ratio: number
  /** 10,000 buyers for 1,000 units of one SKU. */
  readonly rush: Run
}

export const spreadOver = 1000
export const rushUnits = 1000
export const rushBuyers = 10_000
const warmUpOrders = 3000

/** Reservations through the event path, by so many processes of the service on one database and one broker. */
export async function measureInventory(options: Options): Promise<Figures[]> {
  const figures: Figures[] = []
  for (const count of options.replicaCounts) figures.push(await measureReplicas(count, options))
  return figures
}

async function measureReplicas(count: number, { orders, rounds, onProgress }: Options): Promise<Figures> {
  const backends = await startBackends()
  const replicas: Replica[] = []
  try {
    const env = { MONGODB_URL: backends.mongodbUrl, MONGODB_DATABASE: databaseName, NATS_URL: backends.natsUrl }
    for (let index = 0; index < count; index += 1) replicas.push(await startReplica(env))
    await runOnce(backends, replicas, names('warm', 100), warmUpOrders * count, warmUpOrders * count)
    const hot: Run[] = []
    const spread: Run[] = []
    const rush: Run[] = []
    for (let round = 0; round < rounds; round += 1) {
      hot.push(await runOnce(backends, replicas, names(`hot-${round}`, 1), orders, orders))
      spread.push(await runOnce(backends, replicas, names(`spread-${round}`, spreadOver), orders, orders))
      rush.push(await runOnce(backends, replicas, names(`rush-${round}`, 1), rushUnits, rushBuyers))
      onProgress(
        `${count} replicas: one SKU ${text(hot)}, ${spreadOver} SKUs ${text(spread)}, rush ${text(rush)} (reservations per second)`,
      )
    }
    const ratio = median(hot.map(({ perSecond }, index) => perSecond / (spread[index]?.perSecond ?? Number.NaN)))
    return { replicas: count, hot: middle(hot), spread: middle(spread), ratio, rush: middle(rush) }
  } finally {
    await Promise.all(replicas.map((replica) => replica.stop()))
    await backends.stop()
  }
}

const text = (runs: readonly Run[]) => Math.round(runs.at(-1)?.perSecond ?? Number.NaN)
const names = (prefix: string, count: number) => Array.from({ length: count }, (_, index) => `${prefix}-${index}`)

async function runOnce(
  backends: Backends,
  replicas: readonly Replica[],
  skus: readonly string[],
  units: number,
  orders: number,
): Promise<Run> {
  await stock(backends, skus, units)
  const before = await conflictsOf(replicas)
  const cpuBefore = cpuOf(backends, replicas)
  const { held, rejected, seconds, latencies } = await sell(backends, skus, orders)
  const cpuAfter = cpuOf(backends, replicas)
  const perOrder = (name: keyof typeof cpuAfter) => ((cpuAfter[name] - cpuBefore[name]) * 1000) / orders
  const sorted = latencies.toSorted((a, b) => a - b)
  const wrong = await contradictions(backends, skus, units)
  const expected = Math.min(units * skus.length, orders)
  return {
    perSecond: orders / seconds,
    held,
    rejected,
    conflicts: (await conflictsOf(replicas)) - before,
    p50Ms: sorted[Math.floor(sorted.length * 0.5)] ?? Number.NaN,
    p99Ms: sorted[Math.floor(sorted.length * 0.99)] ?? Number.NaN,
    cpuUs: { service: perOrder('service'), database: perOrder('database'), broker: perOrder('broker') },
    wrong: held === expected ? wrong : [...wrong, `${held} held instead of ${expected}`],
  }
}

const conflictsOf = async (replicas: readonly Replica[]) =>
  (await Promise.all(replicas.map(({ conflicts }) => conflicts()))).reduce((sum, one) => sum + one, 0)

const cpuOf = (backends: Backends, replicas: readonly Replica[]) => ({
  ...backends.cpuMs(),
  service: replicas.reduce((sum, replica) => sum + replica.cpuMs(), 0),
})

/** The run in the middle by speed, with everything that was wrong in any of them. */
function middle(runs: readonly Run[]): Run {
  const sorted = runs.toSorted((a, b) => a.perSecond - b.perSecond)
  const one = sorted[Math.floor((sorted.length - 1) / 2)]
  if (one === undefined) throw new Error('no runs')
  return { ...one, wrong: runs.flatMap(({ wrong }) => wrong) }
}
