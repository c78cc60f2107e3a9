import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import { createAdminServer } from './admin.ts'
import { trustedProxiesIn } from './client-address.ts'
import { makeCollectAtRest } from './collect-at-rest.ts'
import { ConfigError } from './config.ts'
import { every, sweepAtRestMs } from './every.ts'
import { exportSpans } from './export-spans.ts'
import { type Check, createHealth, type Health, type Need } from './health.ts'
import { createLogger, type Logger, type LogLevel } from './log.ts'
import { createMetrics, type Metrics } from './metrics.ts'
import type { OperatorLog } from './operator-actions.ts'
import { createRevocations, type Revocations } from './revocations.ts'
import type { ImplementedRoute } from './route.ts'
import { createServer } from './server.ts'
import { createJwksSource, createTokenVerifier, KeysUnavailable, type TokenVerifier } from './tokens.ts'

/** The settings that every process has; `serviceSettings` declares them. */
export interface ServiceConfig {
  readonly HOST: string
  readonly PORT: number
  readonly ADMIN_PORT: number
  readonly LOG_LEVEL: LogLevel
  readonly TRUSTED_PROXIES?: string
  readonly TOKEN_ISSUER: string
  readonly TOKEN_AUDIENCE: string
  readonly JWKS_URL?: string
  readonly OTEL_EXPORTER_OTLP_ENDPOINT?: string
}

export interface ServiceContext<C extends ServiceConfig> {
  readonly config: C
  readonly logger: Logger
  readonly metrics: Metrics
  /** Checks tokens against JWKS_URL. Without that setting every check throws, and `start` returns a verifier of its own. */
  readonly tokens: TokenVerifier
  /** What `tokens` refuses before its time. Told by whoever hears of it. */
  readonly revocations: Revocations
  /** Registers what is to end with the process. Run last registered first, after the last request was answered. */
  readonly onShutdown: (label: string, stop: () => Promise<void> | void) => void
  /** Readiness depends on it; that for requests only when they need it, which they do unless said otherwise. */
  readonly addCheck: (label: string, check: Check, neededFor?: Need) => void
}

export interface ServiceParts {
  readonly routes: readonly ImplementedRoute[]
  readonly operatorLog?: OperatorLog
  readonly raw?: (app: FastifyInstance) => Promise<void>
  readonly tokens?: TokenVerifier
  /** Recognises errors that say that a dependency is away; they are answered 503. */
  readonly isUnavailable?: (error: unknown) => boolean
  readonly handlerTimeoutMs?: number
}

export type StartService<C extends ServiceConfig> = (context: ServiceContext<C>) => Promise<ServiceParts>

/** Sent to the parent process, when there is one, once the service listens. */
export interface ListeningMessage {
  readonly type: 'listening'
  readonly port: number
  readonly adminPort: number
}

export const configFaultExitCode = 78
/** Longer than clients in the midst of their work wait between two requests. */
const leaveMs = 2_000
const leavePollMs = 25
const requestsGraceMs = 10_000
const shutdownLimitMs = 30_000

interface Stop {
  readonly label: string
  readonly stop: () => Promise<void> | void
}

/**
 * Runs a service as a process until SIGTERM, SIGINT or the end of the parent's channel: readiness turns 503, clients are told
 * to leave, requests in flight are answered, then what `onShutdown` registered ends in reverse order. Wrong configuration exits 78, a failed
 * start or an unexpected error 1, a second signal at once.
 */
export async function runService<C extends ServiceConfig>(
  name: string,
  loadConfig: () => C,
  start: StartService<C>,
): Promise<void> {
  const config = configOrExit(name, loadConfig)
  const logger = createLogger({ name, level: config.LOG_LEVEL })
  const metrics = createMetrics(name)
  const health = createHealth()
  const stops: Stop[] = []
  const servers: { public?: FastifyInstance; admin?: FastifyInstance } = {}
  const stopping = stopOnSignals(logger, async () => {
    health.stop()
    if (servers.public !== undefined) {
      await takeLeave(servers.public)
      await closeWithin(servers.public, requestsGraceMs, logger)
    }
    const failures = await runStops(stops, logger)
    await servers.admin?.close()
    if (failures > 0) throw new Error(`${failures} parts of ${name} did not stop cleanly`)
  })

  try {
    const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT
    // The first to begin is the last to end, so that the spans of the shutdown are sent too.
    if (endpoint !== undefined)
      stops.push({ label: 'traces', stop: await exportSpans({ endpoint, service: name, logger }) })
    const revocations = createRevocations()
    const tokens = tokenVerifierFor(config, logger, revocations)
    const onShutdown = (label: string, stop: Stop['stop']) => void stops.push({ label, stop })
    const parts = await start({
      config,
      logger,
      metrics,
      tokens,
      revocations,
      onShutdown,
      addCheck: health.add,
    })
    if (stopping()) return
    every({ logger, onShutdown }, 'garbage at rest', sweepAtRestMs, makeCollectAtRest())
    const trustedProxies = trustedProxiesIn(config.TRUSTED_PROXIES)
    servers.public = createServer({ service: name, logger: quieter(logger), metrics, tokens, trustedProxies, ...parts })
    await listen(config, logger, metrics, health, servers, servers.public)
  } catch (error) {
    if (stopping()) return
    if (error instanceof ConfigError) return exitForConfig(name, error)
    logger.fatal({ err: error }, `start failed: ${error instanceof Error ? error.message : String(error)}`)
    process.exit(1)
  }
}

async function listen(
  config: ServiceConfig,
  logger: Logger,
  metrics: Metrics,
  health: Health,
  servers: { admin?: FastifyInstance },
  app: FastifyInstance,
): Promise<void> {
  servers.admin = createAdminServer(health, metrics, quieter(logger))
  await servers.admin.listen({ host: config.HOST, port: config.ADMIN_PORT })
  await app.listen({ host: config.HOST, port: config.PORT })
  const message: ListeningMessage = { type: 'listening', port: portOf(app), adminPort: portOf(servers.admin) }
  logger.info({ port: message.port, adminPort: message.adminPort }, 'listening')
  process.send?.(message)
}

/** Fastify tells of each address it listens on; one line for the process says it better. */
const quieter = (logger: Logger): Logger => logger.child({}, logger.isLevelEnabled('info') ? { level: 'warn' } : {})

function portOf(app: FastifyInstance): number {
  const address = app.server.address()
  if (address === null || typeof address === 'string') throw new Error('the server does not listen on a port')
  return address.port
}

function configOrExit<C>(name: string, loadConfig: () => C): C {
  try {
    return loadConfig()
  } catch (error) {
    if (error instanceof ConfigError) return exitForConfig(name, error)
    throw error
  }
}

function exitForConfig(name: string, error: ConfigError): never {
  process.stderr.write(`${name}: ${error.message}\n`)
  process.exit(configFaultExitCode)
}

function tokenVerifierFor(config: ServiceConfig, logger: Logger, revocations: Revocations): TokenVerifier {
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience, JWKS_URL: url } = config
  if (url === undefined) {
    const missing = new Error('JWKS_URL is not set and the service brought no verifier')
    const keys = { publicKey: () => Promise.reject(KeysUnavailable({}, { cause: missing })) }
    return createTokenVerifier({ issuer, audience, keys, revocations })
  }
  const onError = (error: unknown) => logger.warn({ err: error, url }, 'token keys could not be renewed')
  return createTokenVerifier({ issuer, audience, keys: createJwksSource(url, { onError }), revocations })
}

/** Returns whether stopping has begun. */
function stopOnSignals(logger: Logger, stop: () => Promise<void>): () => boolean {
  let begun = false
  const grace = closeWithGrace(
    {
      delay: shutdownLimitMs,
      logger: { error: (message: unknown) => logger.error({ err: message }, 'shutdown failed') },
      skip: [
        'SIGHUP',
        'SIGQUIT',
        'SIGILL',
        'SIGTRAP',
        'SIGABRT',
        'SIGBUS',
        'SIGFPE',
        'SIGSEGV',
        'SIGUSR2',
        'beforeExit',
      ],
    },
    async (reason) => {
      begun = true
      if ('err' in reason) {
        logger.fatal({ err: reason.err }, 'unexpected error')
        process.exit(1)
      }
      logger.info({ signal: reason.signal ?? 'parent gone' }, 'stopping')
      await stop()
      logger.info('stopped')
    },
  )
  process.once('disconnect', () => {
    if (!begun) grace.close()
  })
  return () => begun
}

/**
 * Goes on answering for a moment, each time with the word that the connection ends, so that clients leave by themselves. A
 * connection that is closed without it may just be carrying a request. Over at once when nobody is connected.
 */
async function takeLeave(app: FastifyInstance): Promise<void> {
  app.announceStop()
  const givenUpAt = performance.now() + leaveMs
  while (performance.now() < givenUpAt && (await connectionCount(app)) > 0) await delay(leavePollMs)
}

const connectionCount = promisify((app: FastifyInstance, done: (error: Error | null, count: number) => void) =>
  app.server.getConnections(done),
)

async function closeWithin(app: FastifyInstance, limitMs: number, logger: Logger): Promise<void> {
  const timer = setTimeout(() => {
    logger.warn({ limitMs }, 'requests are still in flight; their connections are closed')
    app.server.closeAllConnections()
  }, limitMs)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}

/** Every part gets its turn even when one before it fails. */
async function runStops(stops: readonly Stop[], logger: Logger): Promise<number> {
  let failures = 0
  for (const { label, stop } of stops.toReversed()) {
    try {
      await stop()
    } catch (error) {
      failures++
      logger.error({ err: error }, `stopping ${label} failed`)
    }
  }
  return failures
}
