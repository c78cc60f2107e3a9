import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { MongoClient } from 'mongodb'
import { median } from '../median.ts'
import { type ServerProcess, startServer } from './server-process.ts'
import { type Item, idOf, newItem, type Workload, workloads } from './workloads.ts'

export interface Options {
  readonly clients: number
  readonly rounds: number
  readonly seconds: number
  /** Documents of the large collection. */
  readonly large: number
  readonly onProgress: (line: string) => void
}

export interface Figure {
  readonly name: string
  /** Documents per second of the embedded database. */
  readonly perSecond: number
  /** The same of a server that does nothing. */
  readonly ceiling: number
  readonly ratio: number
  readonly target: number | undefined
  readonly flushesPerWrite: number | undefined
}

export interface Result {
  readonly figures: readonly Figure[]
  readonly bulkFactor: number
  readonly large: {
    readonly documents: number
    readonly loadSeconds: number
    readonly startSeconds: number
    readonly rssMiB: number
    readonly byIdRatio: number
    readonly byIndexRatio: number
  }
}

const embedded = new URL('../../../embedded-mongodb/src/main.ts', import.meta.url)
const nothing = new URL('./null-server.ts', import.meta.url)
const smallCount = 1000

/** Measures each workload against the ceiling in turn, round by round, and takes medians of the ratios. */
export async function measureEmbeddedMongodb(options: Options): Promise<Result> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
  const servers: ServerProcess[] = []
  try {
    const ceiling = await startServer(nothing)
    const real = await startServer(embedded, ['--port', '0', '--data', dataDir])
    servers.push(ceiling, real)
    await fill(real.url, smallCount)
    const figures: Figure[] = []
    for (const workload of workloads) figures.push(await compare(workload, real.url, ceiling.url, options))
    await real.stop()
    await ceiling.stop()
    const single = figures.find(({ name }) => name.startsWith('conditional update by _id'))
    const bulk = figures.find(({ name }) => name.startsWith('bulkWrite'))
    return {
      figures,
      bulkFactor: (bulk?.perSecond ?? Number.NaN) / (single?.perSecond ?? Number.NaN),
      large: await measureLarge(options),
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    await rm(dataDir, { recursive: true, force: true })
  }
}

async function compare(workload: Workload, real: string, ceiling: string, options: Options): Promise<Figure> {
  const runs: { real: number; ceiling: number; flushes: number | undefined }[] = []
  for (let round = 0; round < options.rounds; round += 1) {
    const top = await run(workload, ceiling, smallCount, options)
    const before = await flushCounts(real)
    const own = await run(workload, real, smallCount, options)
    const after = await flushCounts(real)
    const writes = after.writes - before.writes
    runs.push({ real: own, ceiling: top, flushes: writes > 0 ? (after.flushes - before.flushes) / writes : undefined })
    options.onProgress(`${workload.name}: ${Math.round(own)}/s of ${Math.round(top)}/s`)
  }
  const flushes = runs.flatMap((one) => one.flushes ?? [])
  return {
    name: workload.name,
    perSecond: median(runs.map((one) => one.real)),
    ceiling: median(runs.map((one) => one.ceiling)),
    ratio: median(runs.map((one) => one.real / one.ceiling)),
    target: workload.target,
    flushesPerWrite: flushes.length > 0 ? median(flushes) : undefined,
  }
}

/** Documents per second that so many concurrent clients get through. */
async function run(workload: Workload, url: string, count: number, { clients, seconds }: Options): Promise<number> {
  const client = await MongoClient.connect(url, { maxPoolSize: clients, minPoolSize: clients })
  try {
    const items = client.db('bench').collection<Item>('items')
    const work = async (until: number) => {
      let calls = 0
      await Promise.all(
        Array.from({ length: clients }, async () => {
          while (performance.now() < until) {
            await workload.call(items, count, calls)
            calls += 1
          }
        }),
      )
      return calls
    }
    // A first moment warms up connections and compiled code on both sides.
    await work(performance.now() + 300)
    const startedAt = performance.now()
    const calls = await work(startedAt + seconds * 1000)
    return (calls * workload.documentsPerCall) / ((performance.now() - startedAt) / 1000)
  } finally {
    await client.close()
  }
}

async function fill(url: string, count: number): Promise<void> {
  const client = await MongoClient.connect(url)
  try {
    const items = client.db('bench').collection<Item>('items')
    await items.createIndex({ owner: 1, available: 1 })
    const batch = 1000
    for (let first = 0; first < count; first += batch) {
      const size = Math.min(batch, count - first)
      await items.insertMany(Array.from({ length: size }, (_, index) => newItem(idOf(first + index), first + index)))
    }
  } finally {
    await client.close()
  }
}

async function flushCounts(url: string): Promise<{ flushes: number; writes: number }> {
  const client = await MongoClient.connect(url)
  try {
    const { durability } = await client.db('admin').command({ serverStatus: 1 })
    return { flushes: Number(durability?.flushes ?? 0), writes: Number(durability?.acknowledgedWrites ?? 0) }
  } finally {
    await client.close()
  }
}

/** A large collection: how long it takes to open, what it keeps in memory, and whether indexed reads stay as fast. */
async function measureLarge(options: Options): Promise<Result['large']> {
  const [dataDir, smallDir] = [
    await mkdtemp(join(tmpdir(), 'tradewind-bench-')),
    await mkdtemp(join(tmpdir(), 'tradewind-bench-')),
  ]
  const servers: ServerProcess[] = []
  const open = async (folder: string) => {
    const server = await startServer(embedded, ['--port', '0', '--data', folder])
    servers.push(server)
    return server
  }
  try {
    options.onProgress(`loading ${options.large} documents`)
    const startedAt = performance.now()
    const loading = await open(dataDir)
    await fill(loading.url, options.large)
    const loadSeconds = (performance.now() - startedAt) / 1000
    await loading.stop()
    const large = await open(dataDir)
    const small = await open(smallDir)
    await fill(small.url, smallCount)
    const ratios = async (name: string) => {
      const workload = workloads.find((one) => one.name === name)
      if (workload === undefined) throw new Error(`no workload ${name}`)
      const found: number[] = []
      for (let round = 0; round < options.rounds; round += 1) {
        const few = await run(workload, small.url, smallCount, options)
        const many = await run(workload, large.url, options.large, options)
        found.push(many / few)
        options.onProgress(`${name}: ${Math.round(many)}/s of ${options.large}, ${Math.round(few)}/s of ${smallCount}`)
      }
      return median(found)
    }
    const byIdRatio = await ratios('read by _id')
    const byIndexRatio = await ratios('read by a secondary index')
    return {
      documents: options.large,
      loadSeconds,
      startSeconds: large.startMs / 1000,
      rssMiB: large.rssMiB(),
      byIdRatio,
      byIndexRatio,
    }
  } finally {
    await Promise.all(servers.map((server) => server.stop()))
    for (const folder of [dataDir, smallDir]) await rm(folder, { recursive: true, force: true })
  }
}
