import { timingSafeEqual } from 'node:crypto'
import type { IncomingHttpHeaders } from 'node:http'
import {
  accessCookie,
  browserCookie,
  csrfCookie,
  csrfHeader,
  deviceCookie,
  refreshCookie,
} from '@tradewind/contracts/cookies'
import type { RouteContract } from '@tradewind/contracts/route'
import { defineError } from '@tradewind/service-kit/errors'

export const CsrfRefused = defineError(
  'CSRF_REFUSED',
  'forbidden',
  `A request that a cookie signs in repeats the token of its page in \`${csrfHeader}\` when it changes something.`,
)

/** What a service gets to see of a page's cookies: the one that this route is about. */
const cookieOfRoute: Readonly<Record<string, string>> = {
  'POST /v1/auth/refresh': refreshCookie,
  'POST /v1/auth/logout': refreshCookie,
  'GET /v1/auth/oidc/:provider/callback': browserCookie,
}

/** The same for what is no proof, so nothing has to be repeated. */
const deviceCookieOfRoute: Readonly<Record<string, string>> = {
  'POST /v1/auth/login': deviceCookie,
  'POST /v1/auth/mfa/challenge': deviceCookie,
}

const safeMethods = new Set(['GET', 'HEAD'])

/** The value of a cookie; undefined when there is none, or more than one. */
function cookieIn({ cookie: given = '' }: IncomingHttpHeaders, name: string): string | undefined {
  const values = given
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair.startsWith(`${name}=`))
  return values.length === 1 ? values[0]?.slice(name.length + 1) : undefined
}

/** The one cookie that goes on to the service. */
export function forwardedCookie({ method, path }: RouteContract, headers: IncomingHttpHeaders): string | undefined {
  const route = `${method} ${path}`
  const name = cookieOfRoute[route] ?? deviceCookieOfRoute[route]
  const value = name === undefined ? undefined : cookieIn(headers, name)
  return name === undefined || value === undefined ? undefined : `${name}=${value}`
}

/**
 * Makes a bearer token of the access cookie, where the request brings no other proof. Another site can have a browser send
 * cookies, but cannot read one of them to repeat it in a header. Throws `CsrfRefused`.
 */
export function signInByCookie(contract: RouteContract, headers: IncomingHttpHeaders): void {
  const { method, path, access } = contract
  if (headers.authorization !== undefined) return
  const name = access === 'public' ? cookieOfRoute[`${method} ${path}`] : accessCookie
  const value = name === undefined ? undefined : cookieIn(headers, name)
  if (value === undefined) return
  if (!safeMethods.has(method) && !repeatsItsToken(headers)) throw CsrfRefused()
  if (access !== 'public') headers.authorization = `Bearer ${value}`
}

function repeatsItsToken(headers: IncomingHttpHeaders): boolean {
  const [expected, given] = [cookieIn(headers, csrfCookie), headers[csrfHeader]]
  if (expected === undefined || expected === '' || typeof given !== 'string') return false
  const [one, other] = [Buffer.from(expected), Buffer.from(given)]
  return one.length === other.length && timingSafeEqual(one, other)
}
