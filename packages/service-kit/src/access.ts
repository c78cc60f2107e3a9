import type { Permission } from '@tradewind/contracts/permissions'
import { type Access, permissionFor, type RecentSignIn } from '@tradewind/contracts/route'
import type { FastifyRequest } from 'fastify'
import { DomainError, defineError } from './errors.ts'
import { type Caller, InvalidToken, type TokenVerifier } from './tokens.ts'

export const Unauthenticated = defineError(
  'UNAUTHENTICATED',
  'unauthenticated',
  'Sign in first: a bearer token is needed.',
)
export const Forbidden = defineError('FORBIDDEN', 'forbidden', 'You may not do this.')

export const InsufficientAuthentication = defineError(
  'INSUFFICIENT_USER_AUTHENTICATION',
  'unauthenticated',
  'Show once more who you are (POST /v1/auth/step-up), and repeat the request with the token that you get.',
)

/**
 * Refuses a caller who showed who he is too long ago, or never, as a key does not. Throws InsufficientAuthentication, whose
 * challenge says what would do (RFC 9470).
 */
export function requireRecent({ maxAgeSeconds }: RecentSignIn, caller: Caller | undefined, now: number): void {
  const at = caller?.authentication?.at
  if (at !== undefined && now - at <= maxAgeSeconds * 1000) return
  throw InsufficientAuthentication({
    challenge: `Bearer error="insufficient_user_authentication", error_description="A more recent authentication is required", max_age="${maxAgeSeconds}"`,
  })
}

const bearer = /^Bearer ([A-Za-z0-9._~+/-]+=*)$/i

const maxTokenLength = 4_096

/**
 * Who calls, judged by the Authorization header. The server must have registered @fastify/jwt with the verifier's rules.
 * Throws Unauthenticated without a token and InvalidToken with a bad one.
 */
export async function authenticate(tokens: TokenVerifier, request: FastifyRequest): Promise<Caller> {
  const { authorization } = request.headers
  if (authorization === undefined) throw Unauthenticated()
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined || token.length > maxTokenLength) throw InvalidToken({ reason: 'not a bearer token' })
  return tokens.known(token) ?? tokens.accept(token, await claimsOf(request))
}

async function claimsOf(request: FastifyRequest): Promise<unknown> {
  try {
    return await request.jwtVerify<object>()
  } catch (cause) {
    if (cause instanceof DomainError) throw cause
    throw InvalidToken({}, { cause })
  }
}

/** What a handler knows of its caller: nobody on a public route, somebody on every other. */
export type CallerOf<A extends Access> = A extends 'public' ? undefined : Caller

/** True when the caller has the permission, by roles and, where the token is narrowed, by scope. */
export const may = (caller: Caller, permission: Permission): boolean => caller.permissions.has(permission)

/** True when the caller may use a route of this access. */
export function isAdmitted<A extends Access>(access: A, caller: Caller | undefined): caller is CallerOf<A> {
  if (access === 'public') return caller === undefined
  if (caller === undefined) return false
  const permission = permissionFor(access)
  if (permission !== undefined) return may(caller, permission)
  // Somebody who signed in may use what is his own. A key, an app and a machine only where they were given that.
  return caller.scope === undefined || may(caller, 'own:use')
}
