import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { launchListening } from '@tradewind/launcher/process'
import { connectMessaging } from '@tradewind/messaging/connection'
import { newId } from '@tradewind/service-kit/ids'
import { createLogger } from '@tradewind/service-kit/log'
import { createTestTokens } from '@tradewind/service-kit/testing'
import { type Publish, publisherOn } from '@tradewind/service-testkit/publisher'
import { startBackends } from '@tradewind/testkit/backends'
import { startLinkProxy } from '@tradewind/testkit/link-proxy'
import { type Db, MongoClient } from 'mongodb'

export type Moment = 'before' | 'after'

interface Answer {
  readonly status: number
  readonly body: unknown
}

/** Inventory as a process of its own, with a proxy before its database at which it can be killed at any write. */
export interface InventoryProcess {
  /** The database itself, past the proxy. */
  readonly db: Db
  /** Asks as an operator. */
  readonly request: (method: 'GET' | 'POST', path: string, body?: unknown, key?: string) => Promise<Answer>
  readonly publish: Publish
  /**
   * Does some work while the process is to die: by SIGKILL, before its n-th write that names one of `marks` reaches the
   * database or after it has. Starts it again when it did, and tells whether.
   */
  readonly dieAt: (
    n: number,
    moment: Moment,
    marks: readonly string[],
    work: () => Promise<unknown>,
  ) => Promise<boolean>
  readonly stop: () => Promise<void>
}

const program = resolve(import.meta.dirname, '../src/main.ts')
const compileCache = resolve(import.meta.dirname, '../../../.toolchain/compile-cache')

export async function startInventoryProcess(): Promise<InventoryProcess> {
  const backends = await startBackends()
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-inventory-process-'))
  const tokens = createTestTokens()
  const keys = createServer((_request, response) => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(tokens.jwks))
  })
  keys.listen(0, '127.0.0.1')
  await once(keys, 'listening')
  const address = keys.address()
  if (address === null || typeof address === 'string') throw new Error('the keys have no port')

  const database = backends.databaseName('inventory')
  const mongodbUrl = new URL(backends.mongodbUrl)
  const link = await startLinkProxy(Number(mongodbUrl.port || 27017))
  mongodbUrl.host = `127.0.0.1:${link.port}`
  // Whatever the server says of its other addresses, everything goes through the proxy.
  mongodbUrl.searchParams.set('directConnection', 'true')
  const client = new MongoClient(backends.mongodbUrl)
  const messaging = await connectMessaging({
    url: backends.natsUrl,
    service: 'orders',
    logger: createLogger({ name: 'orders', level: 'silent' }),
  })
  const launch = () =>
    launchListening({
      name: 'inventory',
      command: process.execPath,
      args: [program],
      env: {
        NODE_COMPILE_CACHE: compileCache,
        LOG_LEVEL: 'warn',
        MONGODB_URL: mongodbUrl.href,
        MONGODB_DATABASE: database,
        NATS_URL: backends.natsUrl,
        JWKS_URL: `http://127.0.0.1:${address.port}/.well-known/jwks.json`,
      },
      logFile: join(folder, 'inventory.log'),
    })
  let running = await launch()

  return {
    db: client.db(database),
    publish: publisherOn(messaging),
    request: async (method, path, body, key = newId('key')) => {
      const response = await fetch(`http://127.0.0.1:${running.listening.port}${path}`, {
        method,
        headers: {
          authorization: await tokens.bearer({ userId: operatorId, roles: ['operator'] }),
          ...(body !== undefined && { 'content-type': 'application/json', 'idempotency-key': key }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      })
      return { status: response.status, body: await response.json() }
    },
    dieAt: async (n, moment, marks, work) => {
      const died = Promise.withResolvers<void>()
      let writes = 0
      const disarm = link.trap({
        pattern: (sent) => {
          if (isWrite(sent) && marks.some((mark) => sent.includes(mark))) writes += 1
          return writes === n
        },
        moment,
        spring: () => {
          running.process.kill('SIGKILL')
          died.resolve()
        },
      })
      await Promise.race([work().catch(unlessGone), died.promise])
      disarm()
      if (writes < n) return false
      await died.promise
      await running.process.exited
      running = await launch()
      return true

      /** Whoever asked the process that was killed meets a broken connection. */
      async function unlessGone(error: unknown) {
        if (writes < n) throw error
        await died.promise
      }
    },
    stop: async () => {
      await running.process.stop()
      await messaging.close()
      await client.close()
      await link.close()
      keys.closeAllConnections()
      keys.close()
      await backends.stop()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

export const operatorId = 'usr_0123456789abcdef0123456789abcdef'

/** Where an OP_MSG begins, and where in it the name of its command: after the header, the flags, and the kind and size of its document. */
const opCodeAt = 12
const opMsg = 2013
const firstElementAt = 26
const writeCommands = ['insert', 'update', 'delete', 'findAndModify']

function isWrite(sent: Buffer): boolean {
  if (sent.length < firstElementAt || sent.readInt32LE(opCodeAt) !== opMsg) return false
  const name = sent.toString('latin1', firstElementAt, sent.indexOf(0, firstElementAt))
  return writeCommands.includes(name)
}
