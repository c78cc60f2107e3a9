import { RefreshReuseDetectedV1, SessionRevokedV1 } from '@tradewind/contracts/auth'
import { changed, unchanged } from '@tradewind/database/decision'
import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { exchangeToken, InvalidRefreshToken } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { TokenPair } from './open-session.ts'

export type RefreshSession = (refreshToken: string) => Promise<TokenPair>

interface Ports {
  readonly accounts: AccountRepository
  readonly sessions: SessionRepository
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Exchanges a refresh token for a new pair, with the roles that the account has now. Of those who show the same token,
 * one gets a successor, and the second ends the session for all. Throws `InvalidRefreshToken`.
 */
export const makeRefreshSession =
  ({ accounts, sessions, accessTokens, refreshTokens, now, newId }: Ports): RefreshSession =>
  async (refreshToken) => {
    const shown = refreshTokens.parse(refreshToken)
    if (shown === undefined) throw InvalidRefreshToken()
    const { sessionId } = shown
    const next = refreshTokens.create(sessionId)

    const session = await sessions.update(sessionId, (before) => {
      const outcome = exchangeToken(before, shown.hash, next.hash, now())
      switch (outcome.kind) {
        case 'exchanged':
          return changed(outcome.session)
        case 'reused': {
          const { userId } = before
          return changed(
            outcome.session,
            RefreshReuseDetectedV1.create(newId('evt'), { userId, sessionId }),
            SessionRevokedV1.create(newId('evt'), { userId, sessionId, reason: 'reuse' }),
          )
        }
        case 'refused':
          return unchanged()
        default:
          return outcome satisfies never
      }
    })
    if (session?.tokenHash !== next.hash) throw InvalidRefreshToken()

    const account = await accounts.find(session.userId)
    if (account === undefined) throw InvalidRefreshToken()
    const accessToken = await accessTokens.issue({ userId: account.id, sessionId, roles: account.roles })
    return { accessToken, refreshToken: next.token, tokenType: 'Bearer', expiresIn: accessTokens.lifetimeSeconds }
  }
