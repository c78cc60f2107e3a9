import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startEmbeddedMongodb } from '@tradewind/embedded-mongodb'
import { findNatsServer, startNatsServer } from '@tradewind/launcher/nats-server'
import { startNatsContainer } from './nats-container.ts'

export interface Backends {
  readonly mongodbUrl: string
  readonly natsUrl: string
  /** A database name that nobody else uses, also on a server that is shared: `orders_3f9c2ab17d04`. */
  readonly databaseName: (prefix: string) => string
  /** Ends what was started and removes its files. */
  readonly stop: () => Promise<void>
}

interface Backend {
  readonly url: string
  readonly stop: () => Promise<void>
}

/**
 * A database and a broker for one test file: the embedded database in this process and a nats-server of its own, both on
 * free ports with fresh folders. MONGODB_URL and NATS_URL in the environment name servers to use instead; use
 * `databaseName` then to stay apart from others. NATS_IMAGE names an image to start a broker of its own from. Takes about
 * 100 ms, a container a second.
 */
export async function startBackends(): Promise<Backends> {
  const mongodb = await startMongodb()
  const nats = await startNats().catch(async (error: unknown) => {
    await mongodb.stop()
    throw error
  })
  return {
    mongodbUrl: mongodb.url,
    natsUrl: nats.url,
    databaseName: (prefix) => `${prefix}_${randomBytes(6).toString('hex')}`,
    stop: async () => {
      await Promise.all([mongodb.stop(), nats.stop()])
    },
  }
}

const temporaryFolder = (name: string): Promise<string> => mkdtemp(join(tmpdir(), `tradewind-${name}-`))
const given = (name: string): string | undefined => process.env[name] || undefined

async function startMongodb(): Promise<Backend> {
  const url = given('MONGODB_URL')
  if (url !== undefined) return { url, stop: async () => {} }
  const dataDir = await temporaryFolder('mongodb')
  const server = await startEmbeddedMongodb({ dataDir, port: 0 })
  return {
    url: server.url,
    stop: async () => {
      await server.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}

async function startNats(): Promise<Backend> {
  const url = given('NATS_URL')
  if (url !== undefined) return { url, stop: async () => {} }
  const image = given('NATS_IMAGE')
  if (image !== undefined) {
    const container = await startNatsContainer(image)
    return { url: container.url, stop: container.remove }
  }
  const { path } = await findNatsServer()
  const dataDir = await temporaryFolder('nats')
  const server = await startNatsServer({ path, dataDir, logFile: join(dataDir, 'nats-server.log') })
  return {
    url: server.url,
    stop: async () => {
      await server.process.stop(2_000)
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
