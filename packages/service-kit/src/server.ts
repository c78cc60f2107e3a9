import { randomUUIDv7 } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import fastifyJwt from '@fastify/jwt'
import {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  fastify,
  LogController,
} from 'fastify'
import fastifyPlugin from 'fastify-plugin'
import type { TrustedProxies } from './client-address.ts'
import { DomainError, defineError } from './errors.ts'
import { answerOAuthError } from './form.ts'
import { maxBodyBytes, parseJsonBody } from './json-body.ts'
import { warnSparingly } from './log.ts'
import type { Metrics } from './metrics.ts'
import type { OperatorLog } from './operator-actions.ts'
import { createProblem, problemFrom } from './problem.ts'
import type { ImplementedRoute } from './route.ts'
import { endSlowBodies, uploadMs } from './slow-bodies.ts'
import type { TokenVerifier } from './tokens.ts'
import { continueTrace, endSpan, runInTrace, type TraceContext } from './trace.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** The span of this request. */
    trace: TraceContext
  }
  interface FastifyContextConfig {
    /** True for routes whose clients expect errors in the form of RFC 6749, 5.2. */
    hasOAuthErrors?: boolean
    /** True for routes whose bodies may take long to come. */
    isUpload?: boolean
  }
  interface FastifyInstance {
    /** Aborted when the server begins to stop: long answers end then, and each tells that its connection does. */
    stopping: AbortSignal
    /** Begins to stop, while requests are still taken. `close()` does it, too. */
    announceStop: () => void
  }
}

export const RouteNotFound = defineError('ROUTE_NOT_FOUND', 'not-found', 'There is nothing at this address.')

export const DependencyUnavailable = defineError(
  'UNAVAILABLE',
  'unavailable',
  'Something the service needs is away. Try again in a moment.',
)

const headersTimeoutMs = 5_000
const connectionsCheckingIntervalMs = 1_000
/** Longer than any answer that is waited for (`Prefer: wait`), so only dead connections meet it. */
const connectionTimeoutMs = 75_000
const keepAliveTimeoutMs = 72_000
const maxHeaderBytes = 16_384
export const defaultHandlerTimeoutMs = 45_000

export interface ServerOptions {
  readonly service: string
  readonly logger: FastifyBaseLogger
  readonly metrics: Metrics
  readonly tokens: TokenVerifier
  readonly routes: readonly ImplementedRoute[]
  /** Where it is written down what operators do; nowhere, unless said otherwise. */
  readonly operatorLog?: OperatorLog | undefined
  /** Adds to the server itself, hooks included, after the routes. Access to what is registered there is its own business. */
  readonly raw?: (app: FastifyInstance) => Promise<void>
  /** Recognises errors that say that something the service needs is away; they are answered 503. */
  readonly isUnavailable?: (error: unknown) => boolean
  /** Who may say which address a client has. Nobody, unless said otherwise: then it is that of the connection. */
  readonly trustedProxies?: TrustedProxies
  /** After this long a request is answered 503. */
  readonly handlerTimeoutMs?: number
}

/**
 * The HTTP server of a service: strict parsing, bounded bodies and times, problem details for every refusal.
 * Only the given routes exist. It does not listen yet.
 */
export function createServer(options: ServerOptions): FastifyInstance {
  const {
    logger,
    metrics,
    tokens,
    routes,
    raw,
    trustedProxies = false,
    handlerTimeoutMs = defaultHandlerTimeoutMs,
    isUnavailable = () => false,
  } = options
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: maxBodyBytes,
    // The longest that any request may take to come; ordinary ones have less.
    requestTimeout: uploadMs,
    connectionTimeout: connectionTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    handlerTimeout: handlerTimeoutMs,
    exposeHeadRoutes: false,
    trustProxy: trustRuleOf(trustedProxies),
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    genReqId: requestIdOf,
    // The logger adds trace and request id by itself, so that a request needs no logger of its own.
    childLoggerFactory: (parent) => parent,
    requestIdHeader: false,
    frameworkErrors: (error, request, reply) => {
      answerProblem(error, request, reply)
    },
    clientErrorHandler: refuseConnection,
    http: {
      insecureHTTPParser: false,
      requireHostHeader: true,
      headersTimeout: headersTimeoutMs,
      connectionsCheckingInterval: connectionsCheckingIntervalMs,
      maxHeaderSize: maxHeaderBytes,
    },
  })

  app.register(fastifyJwt, tokens.jwt)
  acceptJsonOnly(app)
  endSlowBodies(app, ({ socket }) =>
    refuseConnection(
      Object.assign(new Error('the body came too slowly'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }),
      socket,
    ),
  )
  traceRequests(app)
  measureRequests(app, metrics)
  closeConnectionsWhileStopping(app)
  app.setErrorHandler((thrown, request, reply) => {
    const error = isUnavailable(thrown) ? DependencyUnavailable({}, { cause: thrown }) : thrown
    const answered = request.routeOptions.config.hasOAuthErrors ? answerOAuthError(error, request, reply) : undefined
    return answered ?? answerProblem(error, request, reply)
  })
  app.setNotFoundHandler((request, reply) => answerProblem(RouteNotFound(), request, reply))

  for (const route of routes) route.register(app, tokens, options.operatorLog)
  if (raw !== undefined) app.register(fastifyPlugin(raw))
  return app
}

/** Hops count from the connection outwards: the first is its own address. */
function trustRuleOf(trusted: TrustedProxies): boolean | string[] | ((address: string, hop: number) => boolean) {
  if (trusted === false) return false
  return typeof trusted === 'number' ? (_address, hop) => hop < trusted : [...trusted]
}

const saneRequestId = /^[A-Za-z0-9._-]{1,64}$/

function requestIdOf(request: IncomingMessage): string {
  const given = request.headers['x-request-id']
  return typeof given === 'string' && saneRequestId.test(given) ? given : randomUUIDv7()
}

/** The one media type of request bodies. */
export const jsonMediaType = /^application\/json *(; *charset *= *"?utf-8"? *)?$/i
export { maxBodyBytes } from './json-body.ts'
export { uploadMs } from './slow-bodies.ts'

function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(jsonMediaType, { parseAs: 'buffer' }, async (_request: FastifyRequest, body: Buffer) =>
    parseJsonBody(body),
  )
}

function traceRequests(app: FastifyInstance): void {
  app.decorateRequest('trace')
  app.addHook('onRequest', (request, reply, done) => {
    const given = request.headers['traceparent']
    request.trace = { ...continueTrace(typeof given === 'string' ? given : undefined), requestId: request.id }
    reply.header('x-request-id', request.id)
    done()
  })
}

function measureRequests(app: FastifyInstance, metrics: Metrics): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unmatched'
    const { method } = request
    const { statusCode: status, elapsedTime: durationMs } = reply
    metrics.httpDuration.observe({ method, route, status }, durationMs / 1000)
    // The route, never the address: what stands in a path may be somebody's secret. What the router refuses has no span.
    if (request.trace !== undefined)
      endSpan(request.trace, { durationMs, failed: status >= 500 }, () => ({
        name: `${method} ${route}`,
        kind: 'server',
        attributes: { 'http.request.method': method, 'http.route': route, 'http.response.status_code': status },
      }))
    done()
  })
}

/** A kept-alive connection would hold up `close()` and then be reset under its client, so the answer says it ends. */
function closeConnectionsWhileStopping(app: FastifyInstance): void {
  const stop = new AbortController()
  app.decorate('stopping', stop.signal)
  app.decorate('announceStop', () => stop.abort())
  app.addHook('preClose', (done) => {
    stop.abort()
    done()
  })
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (stop.signal.aborted) reply.header('connection', 'close')
    done()
  })
}

/**
 * Answers with problem details; an unexpected error is logged here, once, with its cause, and an expected one that is nobody's
 * request's fault in a line for many.
 */
export function answerProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const { problem, headers } = problemFrom(error, pathOf(request.url))
  if (problem.status >= 500) {
    const { method, log: logger } = request
    const fields = { method, path: pathOf(request.url) }
    const log = () =>
      error instanceof DomainError
        ? warnSparingly(logger, error.code, error, fields, 'requests refused')
        : logger.error({ err: error, ...fields }, 'request failed')
    if (request.trace === undefined) log()
    else runInTrace(request.trace, log)
  }
  return reply
    .code(problem.status)
    .headers(headers)
    .header('x-request-id', request.id)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(problem)
}

/** The query may hold what a log or an answer must not repeat. */
const pathOf = (url: string): string => url.split('?', 1)[0] ?? url

const refusals: Readonly<Record<string, { status: number; code: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, code: 'HEADERS_TOO_LARGE' },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, code: 'REQUEST_TIMEOUT' },
}

/** What the HTTP parser refuses never becomes a request: no host, two lengths, a bare line feed, headers that never end. */
function refuseConnection(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { status, code } = refusals[error.code ?? ''] ?? { status: 400, code: 'BAD_REQUEST' }
  const problem = createProblem({ status, code })
  const body = JSON.stringify(problem)
  socket.end(
    `HTTP/1.1 ${problem.status} ${problem.title}\r\ncontent-type: application/problem+json; charset=utf-8\r\n` +
      `content-length: ${Buffer.byteLength(body)}\r\nconnection: close\r\n\r\n${body}`,
  )
}
