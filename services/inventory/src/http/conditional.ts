import { fingerprint } from '@tradewind/service-kit/idempotency'

/** How long a shared cache may answer for the catalogue. Stock is checked again when an order is placed. */
const cacheControl = 'public, max-age=5, stale-while-revalidate=30'

interface Fresh<B> {
  readonly status: 200
  readonly body: B
  readonly headers: Readonly<Record<string, string>>
}
interface NotModified {
  readonly status: 304
  readonly body: null
  readonly headers: Readonly<Record<string, string>>
}

const strength = /^W\//

/** True when the client has this very answer (RFC 9110, 13.1.2; the weak comparison). */
export const isKnown = (ifNoneMatch: string | undefined, etag: string): boolean =>
  ifNoneMatch !== undefined &&
  ifNoneMatch
    .split(',')
    .map((one) => one.trim())
    .some((one) => one === '*' || one.replace(strength, '') === etag.replace(strength, ''))

/** Answers a read: with the body, or 304 when the client has it. */
export function conditional<B>(
  ifNoneMatch: string | undefined,
  body: B,
  etag: string = `W/"${fingerprint(JSON.stringify(body)).slice(0, 24)}"`,
): Fresh<B> | NotModified {
  const headers = { etag, 'cache-control': cacheControl }
  return isKnown(ifNoneMatch, etag) ? { status: 304, body: null, headers } : { status: 200, body, headers }
}
