import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findNatsServer, startNatsServer } from '@tradewind/launcher/nats-server'
import { connectMessaging, type Messaging } from '@tradewind/messaging/connection'
import { createLogger } from '@tradewind/service-kit/log'
import { type Db, MongoClient } from 'mongodb'
import { cpuMs } from '../cpu-time.ts'
import { startServer } from '../embedded-mongodb/server-process.ts'

export interface Backends {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly db: Db
  readonly messaging: Messaging
  /** What database and broker have used of the processors. */
  readonly cpuMs: () => { readonly database: number; readonly broker: number }
  readonly stop: () => Promise<void>
}

export const databaseName = 'bench_inventory'

const embedded = new URL('../../../embedded-mongodb/src/main.ts', import.meta.url)

/** A database and a broker of their own, each in a process, with fresh folders. */
export async function startBackends(): Promise<Backends> {
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
  const stops: (() => Promise<unknown>)[] = [() => rm(folder, { recursive: true, force: true })]
  const stop = async () => {
    for (const end of stops.toReversed()) await end()
  }
  try {
    const mongodb = await startServer(embedded, ['--port', '0', '--data', join(folder, 'mongodb')])
    stops.push(() => mongodb.stop())
    const { path } = await findNatsServer()
    const nats = await startNatsServer({ path, dataDir: join(folder, 'nats'), logFile: join(folder, 'nats.log') })
    stops.push(() => nats.process.stop(2000))
    const client = await MongoClient.connect(mongodb.url)
    stops.push(() => client.close())
    const logger = createLogger({ name: 'orders', level: 'silent' })
    const messaging = await connectMessaging({ url: nats.url, service: 'orders', logger })
    stops.push(() => messaging.close())
    return {
      mongodbUrl: mongodb.url,
      natsUrl: nats.url,
      db: client.db(databaseName),
      messaging,
      cpuMs: () => ({ database: mongodb.cpuMs(), broker: cpuMs(nats.process.pid) }),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}
