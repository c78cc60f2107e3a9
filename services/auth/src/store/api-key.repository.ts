import { createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import type { Decision } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import type { Db } from 'mongodb'
import type { ApiKey } from '../domain/api-key.ts'
import { purgeDue } from './purge-due.ts'

export interface ApiKeyRepository {
  readonly outbox: Outbox
  insert(key: ApiKey): Promise<ApiKey & Stored>
  find(id: string): Promise<ApiKey | undefined>
  findByHash(keyHash: string): Promise<ApiKey | undefined>
  /** An account's keys that are good, latest first. */
  list(userId: string, now: Date, limit: number): Promise<(ApiKey & Stored)[]>
  update(id: string, decide: (key: ApiKey) => Decision<ApiKey>): Promise<ApiKey>
  /** Removes keys that ended long ago; tells how many. */
  purge(now: Date, limit: number): Promise<number>
}

export function createApiKeyRepository(db: Db, now: () => Date): ApiKeyRepository {
  const store = createAggregateStore<ApiKey>(db, 'api_keys', { now })
  return {
    outbox: store.outbox,
    insert: (key) => store.insert(key),
    find: (id) => store.find(id),
    findByHash: async (keyHash) => {
      const document = await store.collection.findOne({ keyHash })
      return document === null ? undefined : store.toState(document)
    },
    list: async (userId, at, limit) => {
      const found = await store.collection
        .find({ userId, revokedAt: { $exists: false }, expiresAt: { $gt: at } })
        .sort({ _id: -1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
    update: (id, decide) => store.update(id, decide),
    purge: (at, limit) => purgeDue(store.collection, at, limit),
  }
}
