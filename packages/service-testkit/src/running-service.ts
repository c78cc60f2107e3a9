import type { DomainEvent } from '@tradewind/contracts/event'
import type { RouteContract, ServiceName } from '@tradewind/contracts/route'
import { isUnavailable } from '@tradewind/database/connection'
import { connectMessaging } from '@tradewind/messaging/connection'
import { deadLetterStream, streamOf } from '@tradewind/messaging/streams'
import { createLogger } from '@tradewind/service-kit/log'
import { createMetrics } from '@tradewind/service-kit/metrics'
import { createRevocations } from '@tradewind/service-kit/revocations'
import { createServer } from '@tradewind/service-kit/server'
import type { ServiceConfig, ServiceContext, ServiceParts } from '@tradewind/service-kit/service'
import { createTestTokens } from '@tradewind/service-kit/testing'
import { eventually } from '@tradewind/testkit/eventually'
import type { Db } from 'mongodb'
import { type Publish, publisherOn } from './publisher.ts'

export type Method = RouteContract['method']

export interface Request {
  readonly as?: {
    readonly userId?: string
    readonly roles?: readonly string[]
    readonly scope?: readonly string[]
  }
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Answer {
  readonly status: number
  readonly body: unknown
  readonly headers: Readonly<Record<string, unknown>>
}

/** A service wired as its main.ts does it, on a real database and a real broker, with its HTTP server but no port. */
export interface RunningService {
  readonly db: Db
  /** Everything it has published so far, repetitions included. */
  readonly published: readonly DomainEvent[]
  readonly request: (method: Method, url: string, request?: Request) => Promise<Answer>
  /** Sends text that need not be JSON. */
  readonly requestRaw: (method: Method, url: string, body: string | Buffer, request?: Request) => Promise<Answer>
  /** Puts an event on the broker as its owner would, each time as a message of its own, so that no broker drops it. */
  readonly publish: Publish
  /** Resolves when every event has been handled and everything that came of it is with the broker. */
  readonly settle: () => Promise<void>
  /** Publishes, and waits until it is handled. */
  readonly deliver: (event: DomainEvent, writtenAt?: Date) => Promise<void>
  /** Every document of the database, but for the marks of the relay, which are written when there is time. */
  readonly contents: () => Promise<Readonly<Record<string, readonly unknown[]>>>
  readonly deadLetters: () => Promise<number>
  readonly stop: () => Promise<void>
}

/**
 * Where a test's clock begins: ahead of the relay's, which is real, so that the relay never takes an entry for one that was
 * left behind and publishes it a second time.
 */
export const inAnHour = (): Date => new Date(Date.now() + 3_600_000)

export interface Wired {
  readonly db: Db
  readonly parts: ServiceParts
  /** Entries that its relay is publishing. */
  readonly inFlight: () => number
  /** Whose events its durable consumers read: `[['orders', 'inventory-orders']]`. */
  readonly consumers: readonly (readonly [from: ServiceName, durable: string])[]
}

export async function runInTest<C extends ServiceConfig & { readonly NATS_URL: string }>(
  service: ServiceName,
  config: C,
  wire: (context: ServiceContext<C>) => Promise<Wired>,
): Promise<RunningService> {
  const logger = createLogger({ name: service, level: 'silent' })
  const metrics = createMetrics(service)
  const tokens = createTestTokens()
  const stops: (() => Promise<void> | void)[] = []
  const { db, parts, inFlight, consumers } = await wire({
    config,
    logger,
    metrics,
    tokens: tokens.verifier,
    revocations: createRevocations(),
    onShutdown: (_label, stop) => void stops.push(stop),
    addCheck: () => undefined,
  })
  const server = createServer({ service, logger, metrics, tokens: tokens.verifier, isUnavailable, ...parts })
  const world = await connectMessaging({ url: config.NATS_URL, service, logger })
  const published: DomainEvent[] = []
  world.connection.subscribe(`${service}.>`, {
    callback: (_failure, message) => {
      published.push({ id: message.headers?.get('ce-id') ?? '', type: message.subject, data: message.json() })
    },
  })
  await world.connection.flush()

  const publish = publisherOn(world)
  /** A newer broker tells its consumers of a message a moment after it has acknowledged it, so counting what waits is not enough. */
  const isIdle = async ([from, durable]: readonly [ServiceName, string]) => {
    const stream = streamOf(from)
    const consumer = await world.manager.consumers.info(stream, durable)
    const { filter_subject: filter = '>' } = consumer.config
    const last = await world.manager.streams.getMessage(stream, { last_by_subj: filter })
    return consumer.num_ack_pending === 0 && consumer.delivered.stream_seq >= (last?.seq ?? 0)
  }
  const settle = async () => {
    await eventually(async () => (await Promise.all(consumers.map(isIdle))).every(Boolean) && inFlight() === 0)
    await world.connection.flush()
  }
  const inject = async (method: Method, url: string, payload: string | Buffer | undefined, given: Request) => {
    const response = await server.inject({
      method,
      url,
      headers: {
        ...(given.as !== undefined && { authorization: await tokens.bearer(given.as) }),
        ...(payload !== undefined && { 'content-type': 'application/json' }),
        ...given.headers,
      },
      ...(payload !== undefined && { payload }),
    })
    const isJson = /[/+]json/.test(response.headers['content-type'] ?? '')
    const body: unknown = response.body === '' ? undefined : isJson ? response.json() : response.body
    return { status: response.statusCode, body, headers: response.headers }
  }

  return {
    db,
    published,
    request: (method, url, request = {}) =>
      inject(method, url, request.body === undefined ? undefined : JSON.stringify(request.body), request),
    requestRaw: (method, url, body, request = {}) => inject(method, url, body, request),
    publish,
    settle,
    deliver: async (event, writtenAt) => {
      await publish(event, writtenAt)
      await settle()
    },
    contents: () => contentsOf(db),
    deadLetters: async () => (await world.manager.streams.info(deadLetterStream)).state.messages,
    stop: async () => {
      await server.close()
      for (const stop of stops.toReversed()) await stop()
      await world.close()
    },
  }
}

async function contentsOf(db: Db): Promise<Record<string, unknown[]>> {
  const collections = await db.listCollections({}, { nameOnly: true }).toArray()
  // A relay notes now and then what it published last.
  const own = collections.map(({ name }) => name).filter((name) => name !== 'publications')
  const names = own.toSorted((a, b) => (a < b ? -1 : 1))
  const found: Record<string, unknown[]> = {}
  for (const name of names) {
    const documents = await db.collection(name).find().sort({ _id: 1 }).toArray()
    found[name] = documents.map(({ outbox, ...document }) => {
      if (outbox === undefined) return document
      const { published: _published, pendingAt: _pendingAt, ...kept } = outbox
      return { ...document, outbox: kept }
    })
  }
  return found
}
