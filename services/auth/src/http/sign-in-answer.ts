import type { SignInOutcome } from '../use-cases/complete-sign-in.ts'
import type { TokenPair } from '../use-cases/open-session.ts'
import { noStore } from './no-store.ts'
import { cookieSession } from './session-cookies.ts'

export interface WithCookies {
  readonly cookies?: 'true'
}

/** Tokens in the body, or in cookies where that was asked for. */
export function tokenAnswer(pair: TokenPair & { readonly deviceToken?: string }, { cookies }: WithCookies) {
  if (cookies === undefined) return { status: 200 as const, body: pair, headers: noStore }
  return { status: 200 as const, ...cookieSession(pair) }
}

export function signInAnswer(outcome: SignInOutcome, query: WithCookies) {
  if ('mfaRequired' in outcome) return { status: 200 as const, body: outcome, headers: noStore }
  return tokenAnswer(outcome, query)
}
