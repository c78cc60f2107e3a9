import { join, resolve } from 'node:path'
import type { ComponentSpec, ServiceName } from './component.ts'
import { findNatsServer, startNatsServer } from './nats-server.ts'
import { launchListening, type RunningProcess } from './process.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Where a service listens, for everybody and for operators. */
export interface Place {
  readonly port: number
  readonly adminPort: number
}

const root = resolve(import.meta.dirname, '../../..')
const local = (port: number): string => `http://127.0.0.1:${port}`

interface MongodbPlace {
  readonly port: number
  readonly dataDir: string
  readonly logFile: string
}

/** The embedded database as a process of its own. */
export const embeddedMongodbSpec = ({ port, dataDir, logFile }: MongodbPlace): ComponentSpec => ({
  name: 'mongodb',
  url: `mongodb://127.0.0.1:${port}/?directConnection=true`,
  start: () =>
    startProgram({
      name: 'mongodb',
      program: join(root, 'packages/embedded-mongodb/src/main.ts'),
      args: ['--port', String(port), '--data', dataDir],
      env: process.env,
      logFile,
    }),
})

interface NatsPlace extends MongodbPlace {
  readonly monitoringPort: number
}

/** The nats-server that is found on this machine. Throws when none is, and none can be fetched. */
export async function natsServerSpec(place: NatsPlace): Promise<ComponentSpec> {
  const { path, version } = await findNatsServer()
  const url = `nats://127.0.0.1:${place.port}`
  return {
    name: 'nats',
    url,
    detail: `${url}  (nats-server ${version})`,
    start: async () => (await startNatsServer({ path, ...place })).process,
  }
}

interface ServicePlace extends Place {
  readonly name: ServiceName | 'gateway'
  readonly logFile: string
  readonly env: Environment
  /** Where its source is; this very checkout when left out. */
  readonly checkout?: string | undefined
}

/** A service as a process of its own. */
export const serviceSpec = ({ name, port, adminPort, logFile, env, checkout = root }: ServicePlace): ComponentSpec => ({
  name,
  url: local(port),
  adminUrl: local(adminPort),
  start: () =>
    startProgram({
      name,
      program: join(checkout, 'services', name, 'src/main.ts'),
      args: [],
      env: { ...env, HOST: '127.0.0.1', PORT: String(port), ADMIN_PORT: String(adminPort) },
      logFile,
    }),
})

/** The settings by which services find each other. */
export const serviceUrls = (places: Readonly<Record<ServiceName, Place>>) => ({
  JWKS_URL: `${local(places.auth.port)}/.well-known/jwks.json`,
  AUTH_URL: local(places.auth.port),
  INVENTORY_URL: local(places.inventory.port),
  ORDERS_URL: local(places.orders.port),
  PAYMENTS_URL: local(places.payments.port),
  NOTIFICATIONS_URL: local(places.notifications.port),
})

interface Program {
  readonly name: string
  readonly program: string
  readonly args: readonly string[]
  readonly env: Environment
  readonly logFile: string
}

async function startProgram({ name, program, args, env, logFile }: Program): Promise<RunningProcess> {
  const { process: running } = await launchListening({
    name,
    command: process.execPath,
    args: [program, ...args],
    // Compiled code is kept between starts, which then take a quarter less.
    env: { NODE_COMPILE_CACHE: join(root, '.toolchain/compile-cache'), ...env },
    cwd: root,
    logFile,
  })
  return running
}
