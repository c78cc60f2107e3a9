import { type Aggregates, createAggregateStore, type WithOutbox } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Transfer } from '../domain/transfer.ts'

export interface TransferRepository extends Aggregates<Transfer> {
  /** Transfers that wait for the sweeper. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

export function createTransferRepository(db: Db, now: () => Date): TransferRepository & WithOutbox {
  const store = createAggregateStore<Transfer>(db, 'transfers', { now })
  return { ...store, dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit) }
}
