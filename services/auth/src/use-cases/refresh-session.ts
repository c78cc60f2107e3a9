import { RefreshReuseDetectedV1 } from '@tradewind/contracts/auth'
import { SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { changed, type Decision, unchanged } from '@tradewind/database/decision'
import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { accessVersionOf } from '../domain/account.ts'
import { isActive, isEndedByAccount } from '../domain/account-changes.ts'
import { rolesFor } from '../domain/authentication.ts'
import {
  type AppGrant,
  type Exchange,
  exchangeToken,
  InvalidRefreshToken,
  type Session,
  type SessionLifetime,
} from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { TokenPair } from './open-session.ts'
import type { Audit } from './record-audit.ts'

/** `clientId` names the app that refreshes; without one it is somebody who signed in. */
export type RefreshSession = (refreshToken: string, origin: Origin, clientId?: string) => Promise<RefreshedPair>

/** A pair, and what it is narrowed to where an app holds it. */
export interface RefreshedPair extends TokenPair {
  readonly app: AppGrant | undefined
}

interface Ports {
  readonly accounts: AccountRepository
  readonly sessions: SessionRepository
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly audit: Audit
  readonly lifetime: SessionLifetime
  readonly staffNeedsMfa: boolean
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Exchanges a refresh token for a new pair, with the roles that the account has now. Those who show the same token within
 * a moment get the same successor; whoever shows it later ends the session for all. Throws `InvalidRefreshToken`.
 */
export const makeRefreshSession = (ports: Ports): RefreshSession => {
  const { accounts, sessions, accessTokens, refreshTokens, audit, lifetime, staffNeedsMfa, now, newId } = ports
  return async (refreshToken, origin, clientId) => {
    const shown = refreshTokens.parse(refreshToken)
    if (shown === undefined) throw InvalidRefreshToken()
    const { sessionId, hash: shownHash } = shown
    const next = shown.successor()

    let outcome: Exchange = { kind: 'refused' }
    const session = await sessions.update(sessionId, (before) => {
      // A token of an app is worth nothing to anybody else, and nothing happens to it.
      const belongs = before.app?.clientId === clientId
      outcome = belongs
        ? exchangeToken(before, { shownHash, nextHash: next.hash, device: origin.device }, lifetime, now())
        : { kind: 'refused' }
      return decided(outcome, before.userId, sessionId, newId)
    })
    const isGiven = isOf(outcome, 'exchanged') || isOf(outcome, 'repeated')
    if (session !== undefined && isOf(outcome, 'reused')) {
      const actor = { kind: 'nobody' } as const
      const subject = session.userId
      await audit.record({ action: 'refresh.reuse_detected', actor, subject, origin, detail: { sessionId } })
    }
    if (session === undefined || !isGiven) throw InvalidRefreshToken()

    const account = await accounts.find(session.userId)
    if (account === undefined || !isActive(account) || isEndedByAccount(account, session)) throw InvalidRefreshToken()
    const { app, authentication } = session
    const accessToken = accessTokens.issue({
      userId: account.id,
      sessionId,
      roles: rolesFor(account.roles, authentication, staffNeedsMfa),
      accessVersion: accessVersionOf(account),
      ...(authentication && { authentication }),
      ...(app && { scope: app.scopes, clientId: app.clientId }),
    })
    const expiresIn = accessTokens.lifetimeSeconds
    return { accessToken, refreshToken: next.token, tokenType: 'Bearer', expiresIn, app }
  }
}

/** Asked after a callback may have changed the value, which the compiler does not see. */
const isOf = (outcome: Exchange, kind: Exchange['kind']): boolean => outcome.kind === kind

function decided(
  outcome: Exchange,
  userId: string,
  sessionId: string,
  newId: (prefix: string) => string,
): Decision<Session> {
  switch (outcome.kind) {
    case 'exchanged':
      return changed(outcome.session)
    case 'reused':
      return changed(
        outcome.session,
        RefreshReuseDetectedV1.create(newId('evt'), { userId, sessionId }),
        SessionRevokedV1.create(newId('evt'), { userId, sessionId, reason: 'reuse' }),
      )
    case 'repeated':
    case 'refused':
      return unchanged()
    default:
      return outcome satisfies never
  }
}
