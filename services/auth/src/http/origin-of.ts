import type { IncomingHttpHeaders } from 'node:http'
import { networkOf } from '@tradewind/service-kit/client-address'
import type { Origin } from '../use-cases/guard-sign-in.ts'
import { deviceOf } from './device-of.ts'

interface Asked {
  readonly headers: IncomingHttpHeaders
  readonly ip: string
}

/** Where a request comes from, as far as trusted proxies say. */
export const originOf = (request: Asked, deviceToken?: string): Origin => ({
  network: networkOf(request.ip),
  device: deviceOf(request),
  deviceToken,
})
