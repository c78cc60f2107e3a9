import { fingerprint } from './idempotency.ts'

/** What belongs to one caller: kept by that caller only, and asked about each time. */
export const privateRead = 'private, no-cache'

interface ReadOptions {
  /** The `Cache-Control` of the answer. */
  readonly cacheControl: string
  /** A fingerprint of the body when left out. */
  readonly etag?: string
}

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

/** Never a version, so that an If-Match that is not one of ours matches nothing. */
const noVersion = -1

/** The version that an edit was made on, by an entity tag of the form `"7"` or `"7-0a1b"`; undefined when it does not matter. */
export function expectedVersion(ifMatch: string | undefined): number | undefined {
  if (ifMatch === undefined || ifMatch === '*') return undefined
  const version = /^"(\d{1,15})(?:-[0-9a-f]+)?"$/.exec(ifMatch)?.[1]
  return version === undefined ? noVersion : Number(version)
}

/** Answers a read: with the body, or 304 when the client has it. */
export function conditional<B>(
  ifNoneMatch: string | undefined,
  body: B,
  { cacheControl, etag = `W/"${fingerprint(JSON.stringify(body)).slice(0, 24)}"` }: ReadOptions,
): Fresh<B> | NotModified {
  const headers = { etag, 'cache-control': cacheControl }
  return isKnown(ifNoneMatch, etag) ? { status: 304, body: null, headers } : { status: 200, body, headers }
}
