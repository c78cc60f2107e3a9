import { normalizeIP } from '@fastify/rate-limit'
import { defineError } from '@tradewind/service-kit/errors'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

const TooManyRequests = defineError(
  'TOO_MANY_REQUESTS',
  'too-many-requests',
  'Too many requests. Retry-After says when to come back.',
)

const windowSeconds = 60

/** Counts a request against a subject and says in its headers what is left. Throws TooManyRequests. */
export type Limit = (request: FastifyRequest, reply: FastifyReply, subject: string) => Promise<void>

/** The headers follow draft-ietf-httpapi-ratelimit-headers-10: a named policy, its quota, and what remains of it. */
export function createLimit(app: FastifyInstance, policy: string, perMinute: number): Limit {
  const subjects = new WeakMap<FastifyRequest, string>()
  const count = app.createRateLimit({
    max: perMinute,
    timeWindow: windowSeconds * 1000,
    keyGenerator: (request) => subjects.get(request) ?? addressOf(request),
  })
  return async (request, reply, subject) => {
    subjects.set(request, subject)
    const result = await count(request)
    if (result.isAllowed) return
    reply.header('ratelimit-policy', `"${policy}";q=${perMinute};w=${windowSeconds}`)
    reply.header('ratelimit', `"${policy}";r=${result.remaining};t=${result.ttlInSeconds}`)
    if (result.isExceeded) throw TooManyRequests({ policy, subject, retryAfterSeconds: result.ttlInSeconds })
  }
}

/** Who a request without a token counts for: its address, and of IPv6 the network, which one customer has many addresses in. */
export const addressOf = (request: FastifyRequest): string => normalizeIP(request.ip)
