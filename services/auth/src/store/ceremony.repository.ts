import { createAggregateStore } from '@tradewind/database/aggregate-store'
import { changed } from '@tradewind/database/decision'
import type { Db } from 'mongodb'
import type { Ceremony } from '../domain/ceremony.ts'
import { purgeDue } from './purge-due.ts'

export interface CeremonyRepository {
  insert(ceremony: Ceremony): Promise<Ceremony>
  /** What is decided throws; undefined stands for one that does not exist. */
  update(id: string, decide: (ceremony: Ceremony | undefined) => Ceremony): Promise<void>
  purge(now: Date, limit: number): Promise<number>
}

export function createCeremonyRepository(db: Db, now: () => Date): CeremonyRepository {
  const store = createAggregateStore<Ceremony>(db, 'ceremonies', { now })
  return {
    insert: (ceremony) => store.insert(ceremony),
    update: async (id, decide) => {
      await store.upsert(id, (before) => changed(decide(before)))
    },
    purge: (at, limit) => purgeDue(store.collection, at, limit),
  }
}
