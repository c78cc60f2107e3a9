import type { IncomingHttpHeaders } from 'node:http'
import type { Device } from '../domain/session.ts'

const maxLength = 256

interface Origin {
  readonly headers: IncomingHttpHeaders
  readonly ip: string
}

/** Where a request comes from. The gateway says which address, and lets nobody else say it. */
export function deviceOf({ headers, ip }: Origin): Device {
  const forwarded = headers['x-forwarded-for']
  const { 'user-agent': userAgent } = headers
  return {
    ...(userAgent !== undefined && { userAgent: userAgent.slice(0, maxLength) }),
    address: typeof forwarded === 'string' ? forwarded.slice(0, maxLength) : ip,
  }
}
