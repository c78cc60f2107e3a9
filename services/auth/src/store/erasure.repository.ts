import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Erasure } from '../domain/erasure.ts'

export interface ErasureRepository extends Pick<AggregateStore<Erasure>, 'find' | 'upsert' | 'outbox'> {
  readonly findByReceipt: (receiptId: string) => Promise<Erasure | undefined>
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

export function createErasureRepository(db: Db, now: () => Date): ErasureRepository {
  const { collection, toState, find, upsert, outbox } = createAggregateStore<Erasure>(db, 'erasures', { now })
  return {
    find,
    upsert,
    outbox,
    findByReceipt: async (receiptId) => {
      const found = await collection.findOne({ receiptId })
      return found === null ? undefined : toState(found)
    },
    dueBefore: (before, limit) => idsDueBefore(collection, before, limit),
  }
}
