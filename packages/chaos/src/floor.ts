import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { type Component, type ComponentName, type System, startSystem } from '@tradewind/launcher/system'
import { checkInvariants } from '@tradewind/testkit/check-invariants'
import type { DeadLetter, Violation } from '@tradewind/testkit/invariants'
import { type LinkProxy, startLinkProxy } from '@tradewind/testkit/link-proxy'
import { type Document, type Filter, MongoClient } from 'mongodb'
import { openBroker } from './broker.ts'
import { clockFolderVariable } from './clock.ts'

/** Who connects: a process of the system, or the clients. */
type End = ComponentName | 'clients'
export type ServiceName = Exclude<ComponentName, 'nats' | 'mongodb' | 'gateway'>

export const operator = { email: 'operator@tradewind.example', password: 'a passphrase for the operator' }

/** The whole system with a proxy on each of its links. */
export interface Floor {
  readonly system: System
  readonly gatewayUrl: string
  readonly dataDir: string
  readonly component: (name: ComponentName) => Component
  readonly databaseOf: (service: ServiceName) => string
  readonly links: ReadonlyMap<string, LinkProxy>
  /** `orders`, `mongodb`. Throws when there is no such link. */
  readonly link: (from: End, to: ComponentName) => LinkProxy
  readonly violations: (accepted: readonly string[], poison?: readonly string[]) => Promise<Violation[]>
  /** Orders that somebody still owes an answer. */
  readonly ordersUnderWay: () => Promise<number>
  readonly confirmedOrders: () => Promise<number>
  readonly deadLetters: () => Promise<DeadLetter[]>
  /** Starts a new process of a service beside the old one, leads new connections to it, and ends the old one in order. Another checkout is another version. */
  readonly replace: (name: ServiceName | 'gateway', checkout?: string) => Promise<void>
  /** Kills a process the hard way and starts it again. */
  readonly crash: (name: ComponentName) => Promise<void>
  /** Ends every process and removes its data, unless it is to be looked at. */
  readonly end: (isKept?: boolean) => Promise<void>
}

interface FloorOptions {
  readonly env?: Readonly<Record<string, string>>
  /** Size of a disk of its own for the broker. */
  readonly brokerDiskBytes?: number
}

/**
 * Starts every process on free ports with data of its own, and a TCP proxy between each service and what it depends on: the
 * database, the broker, and for the gateway each service. Limits are so high that load does not meet them.
 */
export async function openFloor({ env = {}, brokerDiskBytes }: FloorOptions = {}): Promise<Floor> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-chaos-'))
  const databasePrefix = `chaos_${randomBytes(4).toString('hex')}_`
  const links = new Map<string, LinkProxy>()
  const between = (from: End, to: ComponentName) => `${from}>${to}`
  const proxied = async (from: End, to: ComponentName, url: string): Promise<string> => {
    const target = new URL(url)
    const proxy = links.get(between(from, to)) ?? (await startLinkProxy(Number(target.port)))
    links.set(between(from, to), proxy)
    target.port = String(proxy.port)
    return target.href
  }
  const disk = brokerDiskBytes === undefined ? undefined : await mountDisk(join(dataDir, 'nats'), brokerDiskBytes)
  const closeAll = async (isKept = false) => {
    await Promise.all([...links.values()].map((proxy) => proxy.close()))
    await disk?.unmount()
    if (!isKept) await rm(dataDir, { recursive: true, force: true })
  }
  const system = await startSystem({
    dataDir,
    logDir: join(dataDir, 'logs'),
    operator,
    databasePrefix,
    link: proxied,
    env: {
      // A broker and a database of our own, whatever the environment names.
      NATS_URL: '',
      MONGODB_URL: '',
      RATE_LIMIT_PER_MINUTE: '10000000',
      RATE_LIMIT_AUTH_PER_MINUTE: '1000000',
      LOG_LEVEL: 'warn',
      PAYMENTS_RECONCILE_HOUR: 'off',
      [clockFolderVariable]: dataDir,
      ...env,
    },
  }).catch(async (error: unknown) => {
    await closeAll()
    throw error
  })
  const { component } = system
  const gatewayUrl = new URL(await proxied('clients', 'gateway', system.gatewayUrl)).origin
  const databaseOf = (service: ServiceName) => databasePrefix + service
  const database = new MongoClient(system.mongodbUrl)
  const countOrders = (filter: Filter<Document>) =>
    database.db(databaseOf('orders')).collection('orders').countDocuments(filter)
  const deadLetters = async () => {
    const broker = await openBroker(system.natsUrl)
    try {
      return await broker.deadLetters()
    } finally {
      await broker.close()
    }
  }
  return {
    system,
    gatewayUrl,
    dataDir,
    component,
    databaseOf,
    links,
    link: (from, to) => {
      const found = links.get(between(from, to))
      if (found === undefined) throw new Error(`nothing connects ${from} with ${to}`)
      return found
    },
    violations: async (accepted, poison = []) =>
      checkInvariants({
        mongodbUrl: system.mongodbUrl,
        databasePrefix,
        accepted,
        deadLetters: await deadLetters(),
        poison,
      }),
    deadLetters,
    ordersUnderWay: () => countOrders({ dueAt: { $exists: true } }),
    confirmedOrders: () => countOrders({ status: 'confirmed' }),
    replace: async (name, checkout) => {
      const old = component(name)
      const { url } = await system.startReplica(name, checkout)
      for (const [ends, proxy] of links) if (ends.endsWith(`>${name}`)) proxy.retarget(Number(new URL(url).port))
      old.kill('SIGTERM')
      await old.exited()
    },
    crash: async (name) => {
      const process = component(name)
      process.kill('SIGKILL')
      await process.exited()
      await process.restart()
    },
    end: async (isKept) => {
      await database.close()
      await system.stop()
      await closeAll(isKept)
    },
  }
}

/** A file system of that size in memory. Throws where this user may not mount one. */
async function mountDisk(folder: string, bytes: number): Promise<{ unmount: () => Promise<unknown> }> {
  const run = promisify(execFile)
  await mkdir(folder, { recursive: true })
  await run('mount', ['-t', 'tmpfs', '-o', `size=${bytes}`, 'tradewind-chaos', folder])
  return { unmount: () => run('umount', [folder]) }
}
