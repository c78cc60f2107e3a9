import type { DomainEvent } from '@tradewind/contracts/event'
import { createAggregateStore, DuplicateKey, type Stored } from '@tradewind/database/aggregate-store'
import type { Decision } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import { shareReads } from '@tradewind/database/share-reads'
import type { Db } from 'mongodb'
import { type Account, EmailTaken } from '../domain/account.ts'

export interface AccountRepository {
  readonly outbox: Outbox
  /** Throws `EmailTaken`. */
  insert(account: Account, ...events: DomainEvent[]): Promise<Account>
  find(id: string): Promise<Account | undefined>
  /** By the normalised address. */
  findByEmail(email: string): Promise<Account | undefined>
  /** By what `identityKey` makes of another provider's subject. */
  findByIdentity(key: string): Promise<Account | undefined>
  /** By address, those that begin with a text, after an address. */
  list(options: { prefix: string; after: string | undefined; limit: number }): Promise<(Account & Stored)[]>
  /** Throws `EmailTaken`. */
  update(id: string, decide: (account: Account) => Decision<Account>): Promise<Account>
}

export function createAccountRepository(db: Db, now: () => Date): AccountRepository {
  const store = createAggregateStore<Account>(db, 'accounts', { now })
  const byEmail = shareReads(async (emails) => {
    const found = await store.collection.find({ email: { $in: [...emails] } }).toArray()
    return new Map(found.map(store.toState).map((account) => [account.email, account]))
  })
  return {
    outbox: store.outbox,
    insert: async (account, ...events) => {
      try {
        return await store.insert(account, ...events)
      } catch (cause) {
        if (DuplicateKey.is(cause)) throw EmailTaken({}, { cause })
        throw cause
      }
    },
    find: (id) => store.find(id),
    findByEmail: async (email) => (await byEmail([email])).get(email),
    findByIdentity: async (key) => {
      const document = await store.collection.findOne({ 'identities.key': key })
      return document === null ? undefined : store.toState(document)
    },
    list: async ({ prefix, after, limit }) => {
      // The last character that there is, so that every address with the prefix lies before it.
      const range = { $gte: prefix, $lt: `${prefix}\u{10ffff}`, ...(after !== undefined && { $gt: after }) }
      const found = await store.collection.find({ email: range }).sort({ email: 1 }).limit(limit).toArray()
      return found.map(store.toState)
    },
    update: async (id, decide) => {
      try {
        return await store.update(id, decide)
      } catch (cause) {
        if (DuplicateKey.is(cause)) throw EmailTaken({}, { cause })
        throw cause
      }
    },
  }
}
