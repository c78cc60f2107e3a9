import cors from '@fastify/cors'
import replyFrom from '@fastify/reply-from'
import { csrfHeader } from '@tradewind/contracts/cookies'
import { allRoutes } from '@tradewind/contracts/routes'
import type { TokenVerifier } from '@tradewind/service-kit/tokens'
import type { FastifyInstance } from 'fastify'
import helmet from 'helmet'
import { serveDocumentation } from './http/documentation.ts'
import type { ExchangeApiKey } from './http/exchange-api-key.ts'
import { bufferJson, createForwarder, maxInFlight, type Upstreams } from './http/forward-route.ts'
import { createLimit } from './http/rate-limits.ts'
import type { SharedCounts } from './http/shared-counts.ts'
import { createOpenApiDocument } from './openapi.ts'

export interface GatewayOptions {
  readonly upstreams: Upstreams
  readonly tokens: TokenVerifier
  readonly exchangeApiKey: ExchangeApiKey
  readonly upstreamTimeoutMs: number
  readonly counts: SharedCounts
  readonly perMinute: number
  readonly signInsPerMinute: number
  /** Web origins that may call from a browser. */
  readonly origins: readonly string[]
}

const connectTimeoutMs = 3_000

/** The gateway as a plugin: every contract a way to its service, and nothing else. */
export function createGateway(options: GatewayOptions): (app: FastifyInstance) => Promise<void> {
  return async (app) => {
    await secure(app, options.origins)
    await app.register(replyFrom, {
      undici: {
        connections: maxInFlight,
        pipelining: 1,
        connect: { timeout: connectTimeoutMs },
        headersTimeout: options.upstreamTimeoutMs,
        bodyTimeout: options.upstreamTimeoutMs,
      },
      destroyAgent: true,
      disableCache: true,
      disableRequestLogging: true,
    })
    bufferJson(app)
    const forward = createForwarder(app, {
      ...options,
      limit: createLimit(options.counts, 'caller', options.perMinute),
      signInLimit: createLimit(options.counts, 'sign-in', options.signInsPerMinute),
    })
    for (const contract of allRoutes) forward(contract)
    await serveDocumentation(app, await createOpenApiDocument(allRoutes))
  }
}

async function secure(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  // Made once: its plugin for Fastify makes them anew for each request, a tenth of all that the gateway did.
  const setHeaders = helmet({
    contentSecurityPolicy: {
      directives: {
        defaultSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        // The documentation page sets styles on its elements.
        styleSrc: ["'self'", "'unsafe-inline'"],
        objectSrc: ["'none'"],
        frameAncestors: ["'none'"],
        // Development speaks plain HTTP; where TLS ends, Strict-Transport-Security does this work.
        upgradeInsecureRequests: null,
      },
    },
  })
  app.addHook('onRequest', (request, reply, next) => setHeaders(request.raw, reply.raw, () => next()))
  if (origins.length > 0)
    await app.register(cors, {
      origin: [...origins],
      methods: [...new Set(allRoutes.map(({ method }) => method))],
      // Pages that sign in with cookies send them along.
      credentials: true,
      allowedHeaders: [
        'authorization',
        'content-type',
        csrfHeader,
        'idempotency-key',
        'if-match',
        'if-none-match',
        'prefer',
      ],
      exposedHeaders: [
        'etag',
        'idempotent-replayed',
        'link',
        'location',
        'ratelimit',
        'ratelimit-policy',
        'retry-after',
        'x-request-id',
      ],
      maxAge: 600,
    })
}
