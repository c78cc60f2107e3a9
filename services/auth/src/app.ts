import { newId } from '@tradewind/service-kit/ids'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createAccessTokens } from './crypto/access-tokens.ts'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import { refreshTokens } from './crypto/refresh-tokens.ts'
import type { SigningKey } from './crypto/signing-key.ts'
import { listKeys } from './http/list-keys.route.ts'
import { logIn } from './http/log-in.route.ts'
import { logOut } from './http/log-out.route.ts'
import { readMe } from './http/read-account.route.ts'
import { refresh } from './http/refresh-session.route.ts'
import { register } from './http/register.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { SessionRepository } from './store/session.repository.ts'
import { type EnsureOperator, makeEnsureOperator } from './use-cases/ensure-operator.ts'
import { type FindContact, makeFindContact } from './use-cases/find-contact.ts'
import { makeLogIn } from './use-cases/log-in.ts'
import { makeLogOut } from './use-cases/log-out.ts'
import { makeOpenSession } from './use-cases/open-session.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import { makeRefreshSession } from './use-cases/refresh-session.ts'
import { makeRegisterAccount } from './use-cases/register-account.ts'
import { makeRevokeSessions } from './use-cases/revoke-sessions.ts'

export interface AppOptions {
  readonly accounts: AccountRepository
  readonly sessions: SessionRepository
  readonly passwords: PasswordHasher
  readonly key: SigningKey
  readonly issuer: string
  readonly audience: string
  readonly now: () => Date
}

export interface App {
  readonly routes: readonly ImplementedRoute[]
  readonly findContact: FindContact
  readonly ensureOperator: EnsureOperator
}

/** Wires auth together; nothing is read or written before a route or a use case is called. */
export function createApp({ accounts, sessions, passwords, key, issuer, audience, now }: AppOptions): App {
  const accessTokens = createAccessTokens({ key, issuer, audience, now, newId })
  const ports = { accounts, sessions, passwords, accessTokens, refreshTokens, now, newId }
  const openSession = makeOpenSession(ports)
  const revokeSessions = makeRevokeSessions(ports)
  return {
    routes: [
      register(makeRegisterAccount({ ...ports, openSession })),
      logIn(makeLogIn({ ...ports, openSession })),
      refresh(makeRefreshSession(ports)),
      logOut(makeLogOut(ports)),
      readMe(makeReadAccount(ports)),
      listKeys([key.jwk]),
    ],
    findContact: makeFindContact(ports),
    ensureOperator: makeEnsureOperator({ ...ports, revokeSessions }),
  }
}
