import { type AggregateStore, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { Difference } from '../domain/reconciliation.ts'

/** A difference with the run that found it; its event goes out with the same write. */
export type FoundDifference = Difference & { readonly id: string; readonly runId: string }

export interface DifferenceRepository extends Pick<AggregateStore<FoundDifference>, 'insert' | 'outbox'> {
  /** Of one run in the order of the payments, behind a payment, `limit + 1` at most. */
  readonly page: (runId: string, after: string | undefined, limit: number) => Promise<(FoundDifference & Stored)[]>
  readonly removeAll: (runId: string) => Promise<void>
}

export function createDifferenceRepository(db: Db, now: () => Date): DifferenceRepository {
  const { collection, toState, insert, outbox } = createAggregateStore<FoundDifference>(
    db,
    'reconciliation_differences',
    {
      now,
    },
  )
  const ofRun = (runId: string, after = '') => ({ _id: { $gt: `${runId}:${after}`, $lt: `${runId};` } })
  return {
    insert,
    outbox,
    page: async (runId, after, limit) => {
      const found = await collection
        .find(ofRun(runId, after))
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toState)
    },
    removeAll: async (runId) => {
      await collection.deleteMany(ofRun(runId))
    },
  }
}
