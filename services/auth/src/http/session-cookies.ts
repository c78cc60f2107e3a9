import { randomBytes } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import { accessCookie, browserCookie, csrfCookie, deviceCookie, refreshCookie } from '@tradewind/contracts/cookies'
import { InvalidInput } from '@tradewind/service-kit/validation'
import type { TokenPair } from '../use-cases/open-session.ts'
import { noStore } from './no-store.ts'

interface WithHeaders {
  readonly headers: IncomingHttpHeaders
}

/** `__Host-` holds a cookie to this very host, over TLS, for all paths; no other subdomain can plant one. */
const cookie = (name: string, value: string, maxAgeSeconds: number, ...attributes: readonly string[]) =>
  [`${name}=${value}`, 'Path=/', `Max-Age=${maxAgeSeconds}`, 'Secure', ...attributes].join('; ')

/** As long as a session may be idle by default; the token inside says what is good. */
const refreshSeconds = 7 * 24 * 3600
const browserSeconds = 300
/** Longer than any session: whoever comes back after months is still not a stranger. */
const deviceSeconds = 180 * 24 * 3600

/** What a page gets that signs in with cookies: no token that a script could read, and what proves that it asks. */
export const cookieSession = (pair: TokenPair & { readonly deviceToken?: string }) => {
  const csrfToken = randomBytes(32).toString('base64url')
  const body = { tokenType: 'Cookie' as const, expiresIn: pair.expiresIn, csrfToken }
  const headers = {
    ...noStore,
    'set-cookie': [
      cookie(accessCookie, pair.accessToken, pair.expiresIn, 'HttpOnly', 'SameSite=Lax'),
      cookie(refreshCookie, pair.refreshToken, refreshSeconds, 'HttpOnly', 'SameSite=Strict'),
      // Read by the page, which repeats it in a header; another site can do neither.
      cookie(csrfCookie, csrfToken, refreshSeconds, 'SameSite=Strict'),
      ...(pair.deviceToken === undefined
        ? []
        : [cookie(deviceCookie, pair.deviceToken, deviceSeconds, 'HttpOnly', 'SameSite=Strict')]),
    ],
  }
  return { body, headers }
}

/** Takes the cookies of a session away. The device stays known. */
export const endedCookies = {
  'set-cookie': [accessCookie, refreshCookie, csrfCookie].map((name) =>
    cookie(name, '', 0, 'HttpOnly', 'SameSite=Lax'),
  ),
}

/** Says, in another provider's answer, which browser was sent there. Lax, since that answer comes from another site. */
export const departureCookie = (secret: string) =>
  cookie(browserCookie, secret, browserSeconds, 'HttpOnly', 'SameSite=Lax')
export const arrivedCookie = cookie(browserCookie, '', 0, 'HttpOnly', 'SameSite=Lax')

/** The value of a cookie; undefined when there is none, or more than one. */
export function cookieOf({ headers: { cookie: given = '' } }: WithHeaders, name: string): string | undefined {
  const values = given
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined
}

/** The device token of a sign-in: in its cookie where cookies were asked for, else in its body. */
export const deviceTokenOf = (
  request: WithHeaders,
  { deviceToken }: { readonly deviceToken?: string },
  { cookies }: { readonly cookies?: 'true' },
): string | undefined => (cookies === undefined ? deviceToken : cookieOf(request, deviceCookie))

/**
 * The refresh token of a request: in its cookie where cookies were asked for, else in its body. Undefined without the
 * cookie; throws `InvalidInput` without the field.
 */
export function refreshTokenOf(
  request: WithHeaders,
  { refreshToken }: { readonly refreshToken?: string },
  { cookies }: { readonly cookies?: 'true' },
): string | undefined {
  if (cookies !== undefined) return cookieOf(request, refreshCookie)
  if (refreshToken !== undefined) return refreshToken
  throw InvalidInput({}, { errors: [{ pointer: '/refreshToken', detail: 'is required' }] })
}
