import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'
import type { Preferences } from '../domain/preferences.ts'

export type PreferencesRepository = Pick<AggregateStore<Preferences>, 'find' | 'upsert'>

export function createPreferencesRepository(db: Db, now: () => Date): PreferencesRepository {
  const { find, upsert } = createAggregateStore<Preferences>(db, 'preferences', { now })
  return { find, upsert }
}
