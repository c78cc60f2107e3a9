import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'

/** Who was erased, by the id that leads to nobody any more. */
export interface ErasedPerson {
  readonly id: string
  readonly erasedAt: Date
}

export type ErasedPersons = Pick<AggregateStore<ErasedPerson>, 'upsert' | 'outbox'>

export const createErasedPersons = (db: Db, now: () => Date): ErasedPersons =>
  createAggregateStore<ErasedPerson>(db, 'erased_persons', { now })
