import { changed, unchanged } from '@tradewind/database/decision'
import type { Authentication, Method } from '../domain/authentication.ts'
import { isGood } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/** Notes that the owner of a session has just shown who he is. Undefined when the session is over. */
export type NoteAuthentication = (sessionId: string, methods: readonly Method[]) => Promise<Authentication | undefined>

interface Ports {
  readonly sessions: SessionRepository
  readonly now: () => Date
}

export const makeNoteAuthentication =
  ({ sessions, now }: Ports): NoteAuthentication =>
  async (sessionId, methods) => {
    const authentication = { at: now(), methods }
    const session = await sessions.update(sessionId, (before) =>
      isGood(before, now()) ? changed({ ...before, authentication }) : unchanged(),
    )
    return session === undefined || !isGood(session, now()) ? undefined : authentication
  }
