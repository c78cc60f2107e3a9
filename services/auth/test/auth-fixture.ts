import { connectDatabase, isUnavailable } from '@tradewind/database/connection'
import { migrate } from '@tradewind/database/migrations'
import { connectMessaging, type Messaging } from '@tradewind/messaging/connection'
import { followRevocations } from '@tradewind/messaging/follow-revocations'
import { startRelay } from '@tradewind/messaging/relay'
import { createLogger } from '@tradewind/service-kit/log'
import { createMetrics } from '@tradewind/service-kit/metrics'
import { createRevocations } from '@tradewind/service-kit/revocations'
import { createServer } from '@tradewind/service-kit/server'
import { createTokenVerifier, type TokenVerifier } from '@tradewind/service-kit/tokens'
import { startBackends } from '@tradewind/testkit/backends'
import type { FastifyInstance } from 'fastify'
import type { Db } from 'mongodb'
import { type App, type AppOptions, createApp } from '../src/app.ts'
import { createPasswordHasher } from '../src/crypto/password-hasher.ts'
import type { GuessLimits } from '../src/domain/throttle.ts'
import { askAboutPersons } from '../src/events/ask-about-person.ts'
import { migrations } from '../src/store/migrations.ts'
import { openGuard } from '../src/store/open-guard.ts'
import { openKeys, publicKeysOf } from '../src/store/open-keys.ts'
import { createRepositories } from '../src/store/repositories.ts'
import type { SigningKeys } from '../src/store/signing-key.repository.ts'
import { createDeferredWork, type DeferredWork } from '../src/use-cases/deferred-work.ts'

export interface Published {
  readonly type: string
  readonly data: unknown
}

export interface Call {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  readonly form?: Readonly<Record<string, string>>
  /** The address of the connection, 127.0.0.1 unless said otherwise. */
  readonly from?: string
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: object
}

/** One replica of auth, without its process. */
export interface AuthReplica {
  readonly app: App
  readonly server: FastifyInstance
  readonly tokens: TokenVerifier
  readonly keys: SigningKeys
  readonly call: (path: string, call?: Call) => Promise<Answer>
}

export interface AuthFixture extends AuthReplica {
  readonly db: Db
  readonly mongodbUrl: string
  readonly messaging: Messaging
  readonly clock: { now: Date }
  /** Everything that auth has published so far. */
  readonly published: Published[]
  readonly deferred: DeferredWork
  readonly post: (path: string, payload: unknown, options?: Pick<Call, 'from' | 'token'>) => Promise<Answer>
  /** Another one on the same database and broker. */
  readonly startReplica: () => Promise<AuthReplica>
  readonly stop: () => Promise<void>
  /** Takes database and broker away, as a fault would. */
  readonly stopBackends: () => Promise<void>
}

export const issuer = 'https://tradewind.test'
export const audience = 'tradewind'
export const secretKeys = `test:${Buffer.alloc(32, 7).toString('base64')}`
export const publishMs = 900_000
export const rotationMs = 30 * 24 * 3600 * 1000
const dayMs = 24 * 3600 * 1000

/** Auth on a database and a broker of its own. */
export async function startAuth(
  options: Partial<AppOptions> = {},
  limits: Partial<GuessLimits> = {},
): Promise<AuthFixture> {
  const backends = await startBackends()
  const logger = createLogger({ name: 'auth', level: 'silent' })
  const clock = { now: new Date() }
  const now = () => clock.now
  const name = backends.databaseName('auth')
  const stops: (() => Promise<unknown>)[] = []
  const passwords = await createPasswordHasher({ concurrency: 2, maxWaiting: 100 })

  const failures: unknown[] = []
  const deferred = createDeferredWork((error) => failures.push(error))
  stops.push(async () => {
    if (failures.length > 0) throw new AggregateError(failures, 'deferred work failed')
  })

  const connect = async () => {
    const database = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'auth-test' })
    stops.push(() => database.close())
    await migrate(database.db, migrations, now)
    const messaging = await connectMessaging({ url: backends.natsUrl, service: 'auth', logger })
    stops.push(() => messaging.close())
    return { db: database.db, messaging }
  }

  const startReplica = async ({ db, messaging }: { db: Db; messaging: Messaging }): Promise<AuthReplica> => {
    const { outboxes, ...stores } = createRepositories(db, now)
    const relay = startRelay(messaging, outboxes, now)
    stops.push(() => relay.close())
    const keys = await openKeys(db, secretKeys, now)
    const guard = await openGuard(db, secretKeys, now)
    stops.push(guard.flush)
    const app = createApp({
      ...stores,
      passwords,
      persons: askAboutPersons(messaging),
      guard: {
        ...guard,
        limits: { perAccount: 1000, perNetwork: 1000, takenPerNetwork: 1000, ...limits },
      },
      keys,
      keyRotation: { everyMs: rotationMs, publishMs },
      secretKeys,
      lifetime: { absoluteMs: 30 * dayMs, idleMs: 7 * dayMs },
      staffNeedsMfa: false,
      registerByMail: false,
      productName: 'Tradewind',
      providerSettings: [],
      relyingParty: { id: 'shop.example', name: 'Tradewind', origins: ['https://shop.example'] },
      pagesUrl: 'https://shop.example',
      deferred,
      issuer,
      publicUrl: issuer,
      audience,
      now,
      ...options,
    })
    const revocations = createRevocations({ now: () => now().getTime() })
    const feed = followRevocations(messaging, revocations)
    stops.push(() => feed.close())
    const tokens = createTokenVerifier({
      issuer,
      audience,
      keys: publicKeysOf(keys),
      revocations,
      now: () => now().getTime(),
    })
    const metrics = createMetrics('auth')
    const server = createServer({ service: 'auth', logger, metrics, tokens, routes: app.routes, isUnavailable })
    await server.ready()
    stops.push(() => server.close())
    const call = async (
      path: string,
      { method = 'GET', token, headers = {}, body, form, from = '127.0.0.1' }: Call = {},
    ) => {
      const payload = form === undefined ? body && JSON.stringify(body) : new URLSearchParams(form).toString()
      const type = form === undefined ? 'application/json' : 'application/x-www-form-urlencoded'
      const response = await server.inject({
        method,
        url: path,
        headers: {
          ...(payload !== undefined && { 'content-type': type }),
          ...(token !== undefined && { authorization: `Bearer ${token}` }),
          ...headers,
        },
        ...(typeof payload === 'string' && { payload }),
        remoteAddress: from,
      })
      const answered: unknown = response.body === '' ? undefined : response.json()
      return { status: response.statusCode, body: answered, headers: response.headers }
    }
    return { app, server, tokens, keys, call }
  }

  const connected = await connect()
  const { db, messaging } = connected
  const published: Published[] = []
  messaging.connection.subscribe('auth.>', {
    callback: (_failure, message) => void published.push({ type: message.subject, data: message.json() }),
  })
  const first = await startReplica(connected)
  return {
    ...first,
    db,
    mongodbUrl: backends.mongodbUrl,
    messaging,
    clock,
    published,
    deferred,
    post: async (path, payload, call = {}) => first.call(path, { ...call, method: 'POST', body: payload }),
    startReplica: async () => await startReplica(await connect()),
    stopBackends: backends.stop,
    stop: async () => {
      for (const stop of stops.toReversed()) await stop()
      await backends.stop()
    },
  }
}
