import { type JetStreamClient, type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream'
import type { NatsConnection } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { ServiceName } from '@tradewind/contracts/route'
import type { Logger } from '@tradewind/service-kit/log'
import { ensureStreams } from './streams.ts'

export interface MessagingOptions {
  /** `nats://[user:password@]host:port`, several separated by commas. */
  readonly url: string
  readonly service: ServiceName | 'gateway'
  readonly logger: Logger
  /** Copies of each stream, 1 or 3. Default 1. */
  readonly replicas?: number
}

/** A connection to the broker and what the other modules of this package need of it. */
export interface Messaging {
  readonly service: ServiceName | 'gateway'
  readonly logger: Logger
  readonly connection: NatsConnection
  readonly client: JetStreamClient
  readonly manager: JetStreamManager
  readonly replicas: number
  /** The broker's version, `2.9.10`. */
  readonly serverVersion: string
  /** Answers when the broker does, else throws. For health checks. */
  readonly ping: () => Promise<void>
  /** Calls back each time the connection is there again after it was lost. */
  readonly onReconnect: (listener: () => void) => void
  /** Sends what is buffered and closes. */
  readonly close: () => Promise<void>
}

/** What runs by default works from this version on; an older server drops in silence what it does not know. */
const oldestServer = [2, 9]

/** How long a call to JetStream may take before it counts as failed, its outcome unknown. */
export const brokerTimeoutMs = 5000

/**
 * Connects, checks the broker's version, and makes sure that the streams exist. After that the connection is kept up for
 * ever. A broker that starts beside its services may be up to fifteen seconds late; then it throws.
 */
export async function connectMessaging(options: MessagingOptions): Promise<Messaging> {
  const { service, logger, replicas = 1 } = options
  const connection = await connect({
    ...brokerAt(options.url),
    name: `tradewind-${service}`,
    // So that a broker can let each service hear its own answers only.
    inboxPrefix: `_INBOX.${service}`,
    waitOnFirstConnect: true,
    timeout: 15_000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: 250,
    reconnectJitter: 250,
    // A third of what a publication costs would go into the stack traces of errors that it might end with.
    noAsyncTraces: true,
    pingInterval: 5000,
    maxPingOut: 2,
  })
  const serverVersion = connection.info?.version ?? 'unknown'
  const [major = 0, minor = 0] = serverVersion.split('.').map(Number)
  if (major < (oldestServer[0] ?? 0) || (major === oldestServer[0] && minor < (oldestServer[1] ?? 0))) {
    await connection.close()
    throw new Error(`the NATS server is ${serverVersion}; ${oldestServer.join('.')} or later is needed`)
  }
  const manager = await jetstreamManager(connection, { timeout: brokerTimeoutMs })
  await ensureStreams(manager, replicas)
  const listeners: (() => void)[] = []
  void followStatus(connection, logger, listeners)
  return {
    service,
    logger,
    connection,
    client: jetstream(connection, { timeout: brokerTimeoutMs }),
    manager,
    replicas,
    serverVersion,
    ping: async () => {
      if (connection.isClosed()) throw new Error('the connection to the broker is closed')
      await manager.getAccountInfo()
    },
    onReconnect: (listener) => void listeners.push(listener),
    close: () => connection.drain(),
  }
}

/** `nats://[user:password@]host:port`, several separated by commas, as the client takes it: credentials beside the addresses. */
export const brokerAt = (url: string): { servers: string[]; user?: string; pass?: string } => ({
  servers: url.split(',').map(withoutCredentials),
  ...credentialsIn(url),
})

const withoutCredentials = (url: string): string => url.replace(/^([a-z]+:\/\/)[^@/]*@/, '$1')

function credentialsIn(url: string): { user?: string; pass?: string } {
  const { username, password } = new URL(url.split(',')[0] ?? url)
  return username === '' ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) }
}

async function followStatus(connection: NatsConnection, logger: Logger, listeners: readonly (() => void)[]) {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') logger.warn({ server: status.server }, 'the broker is away')
    if (status.type === 'error') logger.warn({ err: status.error }, 'the broker reported an error')
    if (status.type === 'reconnect') {
      logger.info({ server: status.server }, 'the broker is back')
      for (const listener of listeners) listener()
    }
  }
}
