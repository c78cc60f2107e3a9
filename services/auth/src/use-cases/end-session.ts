import { SessionNotFound } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { RevokeSession } from './revoke-sessions.ts'

export type EndSession = (which: { readonly sessionId: string; readonly userId: string }) => Promise<void>

/** Ends one of one's own sessions; another's is reported as missing. Throws `SessionNotFound`. */
export const makeEndSession =
  ({ sessions, revoke }: { readonly sessions: SessionRepository; readonly revoke: RevokeSession }): EndSession =>
  async ({ sessionId, userId }) => {
    const session = await sessions.find(sessionId)
    if (session?.userId !== userId) throw SessionNotFound({ sessionId })
    await revoke(sessionId, 'logout')
  }
