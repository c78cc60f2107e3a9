import type { FastifyRequest } from 'fastify'
import type { Device } from '../domain/session.ts'

const maxLength = 256

/** Where a request comes from. The gateway says which address, and lets nobody else say it. */
export function deviceOf({ headers, ip }: FastifyRequest): Device {
  const forwarded = headers['x-forwarded-for']
  const { 'user-agent': userAgent } = headers
  return {
    ...(userAgent !== undefined && { userAgent: userAgent.slice(0, maxLength) }),
    address: typeof forwarded === 'string' ? forwarded.slice(0, maxLength) : ip,
  }
}
