import { createAggregateStore } from '@tradewind/database/aggregate-store'
import { type Decision, unchanged } from '@tradewind/database/decision'
import type { Db } from 'mongodb'
import type { AuthorizationCode } from '../domain/authorization-code.ts'
import { purgeDue } from './purge-due.ts'

export interface AuthorizationCodeRepository {
  insert(code: AuthorizationCode): Promise<AuthorizationCode>
  find(id: string): Promise<AuthorizationCode | undefined>
  /** Undefined when there is no such code. */
  update(
    id: string,
    decide: (code: AuthorizationCode) => Decision<AuthorizationCode>,
  ): Promise<AuthorizationCode | undefined>
  purge(now: Date, limit: number): Promise<number>
}

export function createAuthorizationCodeRepository(db: Db, now: () => Date): AuthorizationCodeRepository {
  const store = createAggregateStore<AuthorizationCode>(db, 'authorization_codes', { now })
  return {
    insert: (code) => store.insert(code),
    find: (id) => store.find(id),
    update: (id, decide) => store.upsert(id, (code) => (code === undefined ? unchanged() : decide(code))),
    purge: (at, limit) => purgeDue(store.collection, at, limit),
  }
}
