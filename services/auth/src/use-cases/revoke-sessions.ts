import { SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { changed, unchanged } from '@tradewind/database/decision'
import { type RevocationReason, revokeSession, type Session } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/** Ends one session. Undefined when there is none. */
export type RevokeSession = (sessionId: string, reason: RevocationReason) => Promise<Session | undefined>
export type RevokeSessions = (userId: string, reason: RevocationReason, keptSessionId?: string) => Promise<void>

interface Ports {
  readonly sessions: SessionRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Safe to repeat: only the first time is news. */
export const makeRevokeSession =
  ({ sessions, now, newId }: Ports): RevokeSession =>
  (sessionId, reason) =>
    sessions.update(sessionId, (before) => {
      const after = revokeSession(before, reason, now())
      if (after === before) return unchanged()
      return changed(after, SessionRevokedV1.create(newId('evt'), { userId: before.userId, sessionId, reason }))
    })

/** Ends every session of an account, but for the kept one. Safe to repeat. */
export const makeRevokeSessions =
  ({ sessions, revoke }: { readonly sessions: SessionRepository; readonly revoke: RevokeSession }): RevokeSessions =>
  async (userId, reason, keptSessionId) => {
    for (const sessionId of await sessions.openOf(userId))
      if (sessionId !== keptSessionId) await revoke(sessionId, reason)
  }
