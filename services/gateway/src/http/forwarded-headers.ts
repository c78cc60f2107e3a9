import type { IncomingHttpHeaders } from 'node:http'
import type { FastifyRequest } from 'fastify'

/**
 * What a client may say to a service. Everything else stays outside: hop-by-hop headers, cookies, and every header that
 * claims who somebody is or where a request came from.
 */
const forwarded = new Set([
  'accept',
  'accept-language',
  'authorization',
  'content-length',
  'content-type',
  'idempotency-key',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-event-id',
  'prefer',
  'range',
  // Payment providers sign their webhooks over the body, which goes through untouched.
  'simulator-signature',
  'stripe-signature',
  'tracestate',
  'user-agent',
  'webhook-id',
  'webhook-signature',
  'webhook-timestamp',
])
const ofBodies = new Set(['content-length', 'content-type'])

/** The headers that go to the service: what the client may say, the cookie that its route is about, and what the gateway knows. */
export function requestHeaders(
  request: FastifyRequest,
  given: IncomingHttpHeaders,
  cookie: string | undefined,
): IncomingHttpHeaders {
  const hasBody = request.body !== undefined
  const kept = Object.entries(given).filter(([name]) => forwarded.has(name) && (hasBody || !ofBodies.has(name)))
  return {
    ...Object.fromEntries(kept),
    ...(cookie !== undefined && { cookie }),
    host: given.host,
    'x-forwarded-for': request.ip,
    'x-forwarded-proto': request.protocol,
    'x-forwarded-host': request.host,
    'x-request-id': request.id,
    traceparent: request.trace.traceparent,
  }
}

/** What concerns the connection to the service, or tells what the service is made of. */
const notPassedBack = new Set([
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'server',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'x-powered-by',
])

/** The headers that go back to the client. */
export const responseHeaders = (given: IncomingHttpHeaders): IncomingHttpHeaders =>
  Object.fromEntries(Object.entries(given).filter(([name]) => !notPassedBack.has(name)))
