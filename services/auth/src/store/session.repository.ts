import { type AggregateDocument, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import { type Decision, unchanged } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import type { Db, Filter } from 'mongodb'
import type { Session } from '../domain/session.ts'
import { purgeDue } from './purge-due.ts'

export interface SessionRepository {
  readonly outbox: Outbox
  insert(session: Session): Promise<Session>
  /** Undefined when there is no such session. */
  update(id: string, decide: (session: Session) => Decision<Session>): Promise<Session | undefined>
  find(id: string): Promise<Session | undefined>
  /** The ids of an account's sessions that have not been revoked. */
  openOf(userId: string): Promise<string[]>
  /** The ids of sessions that an app opened and that have not been revoked. */
  openOfClient(clientId: string): Promise<string[]>
  /** An account's sessions that are good, latest first. */
  list(options: { userId: string; now: Date; before: string | undefined; limit: number }): Promise<(Session & Stored)[]>
  /** Removes sessions that ended long ago; tells how many. */
  purge(now: Date, limit: number): Promise<number>
}

export function createSessionRepository(db: Db, now: () => Date): SessionRepository {
  const store = createAggregateStore<Session>(db, 'sessions', { now })
  const openIds = async (whose: Filter<AggregateDocument>) => {
    const found = await store.collection
      .find({ ...whose, revokedAt: { $exists: false } }, { projection: { _id: 1 } })
      .toArray()
    return found.map(({ _id }) => _id)
  }
  return {
    outbox: store.outbox,
    insert: (session) => store.insert(session),
    update: (id, decide) => store.upsert(id, (session) => (session === undefined ? unchanged() : decide(session))),
    find: (id) => store.find(id),
    openOf: (userId) => openIds({ userId }),
    openOfClient: (clientId) => openIds({ 'app.clientId': clientId }),
    list: async ({ userId, now: at, before, limit }) => {
      const isGood = {
        revokedAt: { $exists: false },
        expiresAt: { $gt: at },
        $or: [{ idleUntil: { $gt: at } }, { idleUntil: { $exists: false } }],
      }
      const found = await store.collection
        .find({ userId, ...isGood, ...(before !== undefined && { _id: { $lt: before } }) })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
    purge: (at, limit) => purgeDue(store.collection, at, limit),
  }
}
