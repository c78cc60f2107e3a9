import type { IncomingHttpHeaders } from 'node:http'
import type { Device } from '../domain/session.ts'

const maxLength = 256

interface Origin {
  readonly headers: IncomingHttpHeaders
  readonly ip: string
}

/** What a client says of itself, and its address, which is the connection’s unless a trusted proxy says another. */
export function deviceOf({ headers, ip }: Origin): Device {
  const { 'user-agent': userAgent } = headers
  return { ...(userAgent !== undefined && { userAgent: userAgent.slice(0, maxLength) }), address: ip }
}
