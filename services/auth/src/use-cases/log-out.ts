import { SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { changed, unchanged } from '@tradewind/database/decision'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { knowsToken, revokeSession } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

export type LogOut = (refreshToken: string) => Promise<void>

interface Ports {
  readonly sessions: SessionRepository
  readonly refreshTokens: RefreshTokens
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Ends the session that a refresh token belongs to. A token that belongs to none is already logged out, so nothing can be probed. */
export const makeLogOut =
  ({ sessions, refreshTokens, now, newId }: Ports): LogOut =>
  async (refreshToken) => {
    const shown = refreshTokens.parse(refreshToken)
    if (shown === undefined) return
    const { sessionId, hash } = shown
    await sessions.update(sessionId, (before) => {
      if (!knowsToken(before, hash)) return unchanged()
      const after = revokeSession(before, 'logout', now())
      if (after === before) return unchanged()
      const { userId } = before
      return changed(after, SessionRevokedV1.create(newId('evt'), { userId, sessionId, reason: 'logout' }))
    })
  }
