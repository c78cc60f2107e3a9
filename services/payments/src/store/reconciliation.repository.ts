import { type AggregateStore, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Reconciliation } from '../domain/reconciliation.ts'

export type StoredReconciliation = Reconciliation & Stored

export interface ReconciliationRepository
  extends Pick<AggregateStore<Reconciliation>, 'insert' | 'find' | 'update' | 'upsert'> {
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  /** Newest first, `limit + 1` at most. */
  readonly page: (
    after: readonly [createdAt: Date, id: string] | undefined,
    limit: number,
  ) => Promise<StoredReconciliation[]>
  readonly countUnfinished: (limit: number) => Promise<number>
  readonly finishedBefore: (before: Date, limit: number) => Promise<string[]>
  readonly remove: (id: string) => Promise<void>
}

export function createReconciliationRepository(db: Db, now: () => Date): ReconciliationRepository {
  const store = createAggregateStore<Reconciliation>(db, 'reconciliations', { now })
  const { collection, toState, insert, find, update, upsert } = store
  return {
    insert,
    find,
    update,
    upsert,
    dueBefore: (before, limit) => idsDueBefore(collection, before, limit),
    page: async (after, limit) => {
      const filter =
        after === undefined
          ? {}
          : { $or: [{ createdAt: { $lt: after[0] } }, { createdAt: after[0], _id: { $lt: after[1] } }] }
      const found = await collection
        .find(filter)
        .sort({ createdAt: -1, _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toState)
    },
    countUnfinished: (limit) => collection.countDocuments({ dueAt: { $exists: true } }, { limit }),
    finishedBefore: async (before, limit) => {
      const found = await collection
        .find({ finishedAt: { $lt: before } }, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      return found.map(({ _id }) => _id)
    },
    remove: async (id) => {
      await collection.deleteOne({ _id: id })
    },
  }
}
