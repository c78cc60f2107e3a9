import { connectDatabase, isUnavailable } from '@tradewind/database/connection'
import { migrate } from '@tradewind/database/migrations'
import { connectMessaging, type Messaging } from '@tradewind/messaging/connection'
import { startRelay } from '@tradewind/messaging/relay'
import { createLogger } from '@tradewind/service-kit/log'
import { createMetrics } from '@tradewind/service-kit/metrics'
import { createServer } from '@tradewind/service-kit/server'
import { createKeySet, createTokenVerifier, type TokenVerifier } from '@tradewind/service-kit/tokens'
import { startBackends } from '@tradewind/testkit/backends'
import type { FastifyInstance } from 'fastify'
import type { Db } from 'mongodb'
import { type App, createApp } from '../src/app.ts'
import { createPasswordHasher } from '../src/crypto/password-hasher.ts'
import { openSigningKey } from '../src/crypto/signing-key.ts'
import { createAccountRepository } from '../src/store/account.repository.ts'
import { migrations } from '../src/store/migrations.ts'
import { createSessionRepository } from '../src/store/session.repository.ts'
import { loadSigningKey } from '../src/store/signing-key.repository.ts'

export interface Published {
  readonly type: string
  readonly data: unknown
}

export interface AuthFixture {
  readonly app: App
  readonly server: FastifyInstance
  readonly db: Db
  readonly messaging: Messaging
  readonly tokens: TokenVerifier
  readonly clock: { now: Date }
  /** Everything that auth has published so far. */
  readonly published: Published[]
  readonly post: (path: string, payload: unknown) => Promise<{ status: number; body: unknown; headers: object }>
  readonly stop: () => Promise<void>
  /** Takes database and broker away, as a fault would. */
  readonly stopBackends: () => Promise<void>
}

const issuer = 'https://tradewind.test'
const audience = 'tradewind'

/** Auth on a database and a broker of its own, without its process. */
export async function startAuth(): Promise<AuthFixture> {
  const backends = await startBackends()
  const logger = createLogger({ name: 'auth', level: 'silent' })
  const clock = { now: new Date() }
  const now = () => clock.now
  const name = backends.databaseName('auth')
  const database = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'auth-test' })
  const { db } = database
  await migrate(db, migrations, now)
  const messaging = await connectMessaging({ url: backends.natsUrl, service: 'auth', logger })
  const published: Published[] = []
  messaging.connection.subscribe('auth.>', {
    callback: (_failure, message) => void published.push({ type: message.subject, data: message.json() }),
  })
  const accounts = createAccountRepository(db, now)
  const sessions = createSessionRepository(db, now)
  const relay = startRelay(messaging, [accounts.outbox, sessions.outbox], now)
  const key = openSigningKey(await loadSigningKey(db, now))
  const passwords = await createPasswordHasher({ concurrency: 2, maxWaiting: 100 })
  const app = createApp({ accounts, sessions, passwords, key, issuer, audience, now })
  const tokens = createTokenVerifier({ issuer, audience, keys: createKeySet([key.jwk]), now: () => now().getTime() })
  const server = createServer({
    service: 'auth',
    logger,
    metrics: createMetrics('auth'),
    tokens,
    routes: app.routes,
    isUnavailable,
  })
  await server.ready()
  return {
    app,
    server,
    db,
    messaging,
    tokens,
    clock,
    published,
    post: async (path, payload) => {
      const headers = { 'content-type': 'application/json' }
      const response = await server.inject({ method: 'POST', url: path, headers, payload: JSON.stringify(payload) })
      const body: unknown = response.body === '' ? undefined : response.json()
      return { status: response.statusCode, body, headers: response.headers }
    },
    stopBackends: backends.stop,
    stop: async () => {
      await server.close()
      await relay.close()
      await messaging.close()
      await database.close()
      await backends.stop()
    },
  }
}
