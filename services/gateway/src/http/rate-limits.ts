import { networkOf } from '@tradewind/service-kit/client-address'
import { defineError } from '@tradewind/service-kit/errors'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type SharedCounts, windowMs } from './shared-counts.ts'

const TooManyRequests = defineError(
  'TOO_MANY_REQUESTS',
  'too-many-requests',
  'Too many requests. Retry-After says when to come back.',
)

/** Counts a request against a subject and says in its headers what is left. Throws TooManyRequests. */
export type Limit = (reply: FastifyReply, subject: string) => void

/** The headers follow draft-ietf-httpapi-ratelimit-headers-10: a named policy, its quota, and what remains of it. */
export function createLimit(counts: SharedCounts, policy: string, perMinute: number): Limit {
  return (reply, subject) => {
    const { current, remainingMs } = counts.count(`${policy}/${subject}`)
    const retryAfterSeconds = Math.ceil(remainingMs / 1000)
    reply.header('ratelimit-policy', `"${policy}";q=${perMinute};w=${windowMs / 1000}`)
    reply.header('ratelimit', `"${policy}";r=${Math.max(0, perMinute - current)};t=${retryAfterSeconds}`)
    if (current > perMinute) throw TooManyRequests({ policy, subject, retryAfterSeconds })
  }
}

/** Who a request without a token counts for: its address, and of IPv6 the network, which one customer has many addresses in. */
export const addressOf = (request: FastifyRequest): string => networkOf(request.ip)
