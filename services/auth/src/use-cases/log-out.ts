import { SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { changed, unchanged } from '@tradewind/database/decision'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { knowsToken, revokeSession } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'

export type LogOut = (refreshToken: string, origin: Origin) => Promise<void>

interface Ports {
  readonly sessions: SessionRepository
  readonly refreshTokens: RefreshTokens
  readonly audit: Audit
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Ends the session that a refresh token belongs to. A token that belongs to none is already logged out, so nothing can be probed. */
export const makeLogOut =
  ({ sessions, refreshTokens, audit, now, newId }: Ports): LogOut =>
  async (refreshToken, origin) => {
    const shown = refreshTokens.parse(refreshToken)
    if (shown === undefined) return
    const { sessionId, hash } = shown
    let endedOf: string | undefined
    await sessions.update(sessionId, (before) => {
      endedOf = undefined
      if (!knowsToken(before, hash)) return unchanged()
      const after = revokeSession(before, 'logout', now())
      if (after === before) return unchanged()
      const { userId } = before
      endedOf = userId
      return changed(after, SessionRevokedV1.create(newId('evt'), { userId, sessionId, reason: 'logout' }))
    })
    if (endedOf === undefined) return
    const actor = { kind: 'user', id: endedOf } as const
    await audit.record({ action: 'sign_out.one', actor, subject: endedOf, origin, detail: { sessionId } })
  }
