import { setTimeout as delay } from 'node:timers/promises'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { MongoClient } from 'mongodb'
import { startBareRoute } from '../shop/bare-route.ts'
import { closedLoop } from '../shop/load.ts'
import type { Shop } from '../shop/shop.ts'

/** What this machine does per second of each step that an order cannot do without, each measured alone. */
export interface Limits {
  /** Requests to a bare Fastify route with a schema and a token check. */
  readonly requests: number
  /** Durable writes of single documents. */
  readonly writes: number
  /** Publications that the broker acknowledged. */
  readonly publications: number
}

/** How often an order does each of them. */
export interface Steps {
  readonly requests: number
  readonly writes: number
  readonly publications: number
  /** Commands that the database answered: round trips of all services together. */
  readonly commands: number
  /** Flushes of the database to its disk. */
  readonly flushes: number
}

const clients = 64
const inFlight = 128
/** Everything that an order sets off has been written and published by then. */
const settleMs = 3000

/** Counts what orders take of database and broker, while `work` places them. */
export async function countSteps(shop: Shop, work: () => Promise<{ readonly orders: number }>): Promise<Steps> {
  await delay(settleMs)
  const before = await countersOf(shop)
  const { orders } = await work()
  await delay(settleMs)
  const after = await countersOf(shop)
  return {
    requests: 2,
    writes: (after.writes - before.writes) / orders,
    publications: (after.publications - before.publications) / orders,
    commands: (after.commands - before.commands) / orders,
    flushes: (after.flushes - before.flushes) / orders,
  }
}

async function countersOf({ mongodbUrl, natsUrl }: Shop) {
  const client = await MongoClient.connect(mongodbUrl)
  const connection = await connect({ servers: natsUrl })
  try {
    const { opcounters, network, durability } = await client.db('admin').command({ serverStatus: 1 })
    const manager = await jetstreamManager(connection)
    let publications = 0
    for await (const { state } of manager.streams.list()) publications += state.last_seq
    return {
      writes: Number(opcounters.insert) + Number(opcounters.update),
      publications,
      commands: Number(network.numRequests),
      flushes: Number(durability.flushes),
    }
  } finally {
    await client.close()
    await connection.close()
  }
}

export async function measureLimits(shop: Shop, seconds: number): Promise<Limits> {
  return {
    requests: await requestsPerSecond(shop, seconds),
    writes: await writesPerSecond(shop, seconds),
    publications: await publicationsPerSecond(shop, seconds),
  }
}

async function requestsPerSecond(shop: Shop, seconds: number): Promise<number> {
  const bare = await startBareRoute()
  try {
    return (await closedLoop(shop, clients, seconds, () => bare.read('1'))).perSecond
  } finally {
    await bare.stop()
  }
}

async function writesPerSecond(shop: Shop, seconds: number): Promise<number> {
  const client = await MongoClient.connect(shop.mongodbUrl, { maxPoolSize: clients })
  try {
    const writeConcern = { w: 'majority', journal: true } as const
    const collection = client.db('bench').collection<{ _id: number; n: number }>('limits', { writeConcern })
    await collection.insertMany(Array.from({ length: clients }, (_, index) => ({ _id: index, n: 0 })))
    const write = (index: number) => collection.updateOne({ _id: index }, { $inc: { n: 1 } })
    return (await closedLoop(shop, clients, seconds, write)).perSecond
  } finally {
    await client.close()
  }
}

async function publicationsPerSecond(shop: Shop, seconds: number): Promise<number> {
  const connection = await connect({ servers: shop.natsUrl, noAsyncTraces: true })
  try {
    const manager = await jetstreamManager(connection)
    await manager.streams.add({ name: 'BENCH', subjects: ['bench.>'] })
    const client = jetstream(connection)
    const body = JSON.stringify({ orderId: 'ord_0', lines: [{ sku: 'BENCH-1', quantity: 1 }] })
    const run = await closedLoop(shop, inFlight, seconds, () => client.publish('bench.published', body))
    await manager.streams.delete('BENCH')
    return run.perSecond
  } finally {
    await connection.close()
  }
}

/** Orders per second, were there nothing but these steps, one after the other on the same processors. */
export const floorOf = (limits: Limits, steps: Steps): number =>
  1 / (steps.requests / limits.requests + steps.writes / limits.writes + steps.publications / limits.publications)
