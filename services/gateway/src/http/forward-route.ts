import type { Readable } from 'node:stream'
import type { RouteContract, RouteSchema, ServiceName } from '@tradewind/contracts/route'
import { authenticate, Forbidden, isAdmitted } from '@tradewind/service-kit/access'
import { formMediaType } from '@tradewind/service-kit/form'
import { limitBody } from '@tradewind/service-kit/limited-body'
import { jsonMediaType, maxBodyBytes, uploadMs } from '@tradewind/service-kit/server'
import type { TokenVerifier } from '@tradewind/service-kit/tokens'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { type ExchangeApiKey, isApiKey } from './exchange-api-key.ts'
import { requestHeaders, responseHeaders } from './forwarded-headers.ts'
import { refuseLargeBody } from './limited-body.ts'
import { addressOf, type Limit } from './rate-limits.ts'
import { forwardedCookie, signInByCookie } from './session-cookies.ts'
import { createSharedAnswers, isPlainPath } from './shared-answers.ts'
import { answerFailure, answerUpstreamFailure, isBrokenOff, tooBusy } from './upstream-failure.ts'

export type Upstreams = Readonly<Record<ServiceName, string>>

export interface ForwardOptions {
  readonly upstreams: Upstreams
  readonly tokens: TokenVerifier
  readonly exchangeApiKey: ExchangeApiKey
  /** How long a service may take. */
  readonly upstreamTimeoutMs: number
  /** For everybody, by caller or address. */
  readonly limit: Limit
  /** For sign-in, registration and refresh, by address. */
  readonly signInLimit: Limit
}

/** Requests under way to one service; each keeps a connection, and one that waits for its order keeps it for long. */
export const maxInFlight = 1024

/** Boundaries and part headers around an uploaded file. */
const multipartOverheadBytes = 16_384

/** JSON is taken in whole, so that a request can be repeated; its size is bounded. The services parse it. */
export function bufferJson(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
    jsonMediaType,
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    async (_request: FastifyRequest, body: Buffer) => body,
  )
}

/** Bodies of these types go through as they come, up to a size; the services parse them. */
export function streamBodies(app: FastifyInstance, mediaTypes: readonly string[] | RegExp, maxBytes: number): void {
  app.removeAllContentTypeParsers()
  const types = mediaTypes instanceof RegExp ? mediaTypes : [...mediaTypes]
  app.addContentTypeParser(types, { bodyLimit: maxBytes }, async (_request: FastifyRequest, payload: Readable) =>
    limitBody(payload, maxBytes),
  )
}

const largestBody = ({ upload }: RouteSchema) =>
  upload === undefined ? maxBodyBytes : upload.maxBytes + multipartOverheadBytes

/** Where passwords, refresh tokens and secrets of clients could be guessed. */
const signInPaths = new Set([
  '/v1/auth/login',
  '/v1/auth/register',
  '/v1/auth/refresh',
  '/v1/auth/mfa/challenge',
  '/v1/auth/passkeys/authenticate/options',
  '/v1/auth/passkeys/authenticate/verify',
  '/v1/auth/password/forgot',
  '/v1/auth/password/reset',
  '/v1/auth/verify-email',
  '/oauth/token',
  '/oauth/introspect',
])

/** Registers a contract as a way to its service: judged here already, forwarded as it is, answered as it comes back. */
export function createForwarder(app: FastifyInstance, options: ForwardOptions): (contract: RouteContract) => void {
  const inFlight = new Map<ServiceName, number>()
  const answerShared = createSharedAnswers(options)
  return (contract) => {
    const { service, method, path, schema } = contract
    const route: RouteOptions = {
      method,
      url: path,
      onRequest: async (request, reply) => {
        await admit(contract, options, request, reply)
        refuseLargeBody(request, largestBody(schema))
      },
      handler: (request, reply) => {
        const busy = inFlight.get(service) ?? 0
        if (busy >= maxInFlight) return answerFailure(tooBusy, request, reply)
        inFlight.set(service, busy + 1)
        reply.raw.once('close', () => inFlight.set(service, (inFlight.get(service) ?? 1) - 1))
        if (schema.shared === true && isPlainPath(request)) return answerShared(service, request, reply)
        return forward(contract, options.upstreams[service], request, reply)
      },
    }
    const { upload, form } = schema
    if (form === true)
      app.register(async (scope) => {
        streamBodies(scope, formMediaType, maxBodyBytes)
        scope.route(route)
      })
    else if (upload === undefined) app.route(route)
    else
      app.register(async (scope) => {
        streamBodies(scope, upload.mediaTypes, largestBody(schema))
        scope.route({ ...route, handlerTimeout: uploadMs, config: { isUpload: true } })
      })
  }
}

async function admit(
  contract: RouteContract,
  { tokens, exchangeApiKey, limit, signInLimit }: ForwardOptions,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { access, path } = contract
  const address = addressOf(request)
  const { headers } = request
  const { authorization } = headers
  // An API key ends here, on every route.
  if (authorization !== undefined && isApiKey(authorization)) delete headers.authorization
  if (access === 'public') {
    const limitOfPath = signInPaths.has(path) ? signInLimit : limit
    limitOfPath(reply, address)
    signInByCookie(contract, headers)
    return
  }
  const signIn = async () => {
    signInByCookie(contract, headers)
    if (authorization !== undefined) headers.authorization = await exchangeApiKey(authorization)
    return await authenticate(tokens, request)
  }
  const caller = await signIn().catch(async (error: unknown) => {
    limit(reply, address)
    throw error
  })
  limit(reply, caller.userId)
  if (!isAdmitted(access, caller)) throw Forbidden()
}

function forward(
  contract: RouteContract,
  upstream: string,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const { body } = request
  const isRepeatable = mayRepeat(contract, request)
  return reply.from(undefined, {
    getUpstream: () => upstream,
    ...(contract.schema.upload !== undefined && { timeout: uploadMs }),
    ...(body instanceof Buffer && { body, contentType: request.headers['content-type'] ?? 'application/json' }),
    retryDelay: ({ err: error, attempt }) =>
      isRepeatable && attempt === 0 && isBrokenOff(error) ? repeatAfterMs : null,
    rewriteRequestHeaders: (_request, headers) =>
      requestHeaders(request, headers, forwardedCookie(contract, request.headers)),
    rewriteHeaders: responseHeaders,
    onError: (_reply, { error }) => {
      answerUpstreamFailure(contract.service, error, request, reply)
    },
  })
}

/** A service that is being replaced closes connections on which a request may just be on its way. Another one answers by then. */
const repeatAfterMs = 20

/** True for what has its effect once however often it is sent. A body that was streamed is gone. */
function mayRepeat({ method, schema }: RouteContract, { headers, body }: FastifyRequest): boolean {
  if (method === 'GET') return true
  const isKeyed =
    schema.headers?.properties['idempotency-key'] !== undefined && headers['idempotency-key'] !== undefined
  return isKeyed && (body === undefined || body instanceof Buffer)
}
