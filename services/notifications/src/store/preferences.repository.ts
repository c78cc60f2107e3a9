import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { Preferences } from '../domain/preferences.ts'

export interface PreferencesRepository extends Pick<AggregateStore<Preferences>, 'find' | 'upsert'> {
  readonly forget: (customerId: string) => Promise<void>
}

export function createPreferencesRepository(db: Db, now: () => Date): PreferencesRepository {
  const { collection, find, upsert } = createAggregateStore<Preferences>(db, 'preferences', { now })
  return {
    find,
    upsert,
    forget: async (customerId) => {
      await collection.deleteOne({ _id: customerId })
    },
  }
}
