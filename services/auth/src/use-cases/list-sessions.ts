import type { Stored } from '@tradewind/database/aggregate-store'
import type { Session } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

export type ListSessions = (whose: {
  readonly userId: string
  readonly before: string | undefined
  readonly limit: number
}) => Promise<readonly (Session & Stored)[]>

export const makeListSessions =
  ({ sessions, now }: { readonly sessions: SessionRepository; readonly now: () => Date }): ListSessions =>
  (whose) =>
    sessions.list({ ...whose, now: now() })
