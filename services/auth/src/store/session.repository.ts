import { createAggregateStore } from '@tradewind/database/aggregate-store'
import { type Decision, unchanged } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import type { Db } from 'mongodb'
import type { Session } from '../domain/session.ts'

export interface SessionRepository {
  readonly outbox: Outbox
  insert(session: Session): Promise<Session>
  /** Undefined when there is no such session. */
  update(id: string, decide: (session: Session) => Decision<Session>): Promise<Session | undefined>
  /** The ids of an account's sessions that have not been revoked. */
  openOf(userId: string): Promise<string[]>
}

export function createSessionRepository(db: Db, now: () => Date): SessionRepository {
  const store = createAggregateStore<Session>(db, 'sessions', { now })
  return {
    outbox: store.outbox,
    insert: (session) => store.insert(session),
    update: (id, decide) => store.upsert(id, (session) => (session === undefined ? unchanged() : decide(session))),
    openOf: async (userId) => {
      const open = { userId, revokedAt: { $exists: false } }
      const found = await store.collection.find(open, { projection: { _id: 1 } }).toArray()
      return found.map(({ _id }) => _id)
    },
  }
}
