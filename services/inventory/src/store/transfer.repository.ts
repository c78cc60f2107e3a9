import { type Aggregates, createAggregateStore, type WithOutbox } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Transfer } from '../domain/transfer.ts'

export interface TransferRepository extends Aggregates<Transfer> {
  /** Transfers that wait for the sweeper. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  /** Every transfer of a SKU that took units, in the order of their ids. Reads them all. */
  readonly walkSku: (sku: string, after: string, limit: number) => Promise<Transfer[]>
}

export function createTransferRepository(db: Db, now: () => Date): TransferRepository & WithOutbox {
  const store = createAggregateStore<Transfer>(db, 'transfers', { now })
  return {
    ...store,
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
    walkSku: async (sku, after, limit) => {
      const filter = { sku, status: { $in: ['taken', 'done'] }, _id: { $gt: after } }
      const found = await store.collection.find(filter).sort({ _id: 1 }).limit(limit).toArray()
      return found.map(store.toState)
    },
  }
}
