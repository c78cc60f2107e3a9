import type { Access } from '@tradewind/contracts/route'
import { defineError } from './errors.ts'
import { type Caller, InvalidToken, type TokenVerifier } from './tokens.ts'

export const Unauthenticated = defineError(
  'UNAUTHENTICATED',
  'unauthenticated',
  'Sign in first: a bearer token is needed.',
)
export const Forbidden = defineError('FORBIDDEN', 'forbidden', 'This is for operators.')

const bearer = /^Bearer +([A-Za-z0-9._~+/-]+=*)$/i

/** Who calls, judged by the Authorization header. Throws Unauthenticated without one and InvalidToken with a bad one. */
export async function authenticate(tokens: TokenVerifier, authorization: string | undefined): Promise<Caller> {
  if (authorization === undefined) throw Unauthenticated()
  const token = bearer.exec(authorization)?.[1]
  if (token === undefined) throw InvalidToken({ reason: 'not a bearer token' })
  return await tokens.verify(token)
}

/** What a handler knows of its caller: nobody on a public route, somebody on every other. */
export type CallerOf<A extends Access> = A extends 'public' ? undefined : Caller

/** True when the caller may use a route of this access. */
export function isAdmitted<A extends Access>(access: A, caller: Caller | undefined): caller is CallerOf<A> {
  switch (access) {
    case 'public':
      return caller === undefined
    case 'user':
      return caller !== undefined
    case 'operator':
      return caller?.isOperator === true
    default:
      return false
  }
}
