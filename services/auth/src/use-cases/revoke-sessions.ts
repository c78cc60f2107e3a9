import { SessionRevokedV1 } from '@tradewind/contracts/auth'
import { changed, unchanged } from '@tradewind/database/decision'
import { type RevocationReason, revokeSession } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

export type RevokeSessions = (userId: string, reason: RevocationReason) => Promise<void>

interface Ports {
  readonly sessions: SessionRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Ends every session of an account. Safe to repeat. */
export const makeRevokeSessions =
  ({ sessions, now, newId }: Ports): RevokeSessions =>
  async (userId, reason) => {
    for (const sessionId of await sessions.openOf(userId))
      await sessions.update(sessionId, (before) => {
        const after = revokeSession(before, reason, now())
        if (after === before) return unchanged()
        return changed(after, SessionRevokedV1.create(newId('evt'), { userId, sessionId, reason }))
      })
  }
