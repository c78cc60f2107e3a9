import type { DomainEvent } from '@tradewind/contracts/event'
import { createAggregateStore } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import type { Db } from 'mongodb'

/** The signing keys that were withdrawn, with the news of it. */
export interface KeyWithdrawals {
  readonly outbox: Outbox
  /** Safe to repeat: only the first time is news. */
  readonly add: (kid: string, event: DomainEvent) => Promise<void>
}

interface Withdrawal {
  /** The key's name. */
  readonly id: string
  readonly withdrawnAt: Date
}

export function createKeyWithdrawals(db: Db, now: () => Date): KeyWithdrawals {
  const store = createAggregateStore<Withdrawal>(db, 'key_withdrawals', { now })
  return {
    outbox: store.outbox,
    add: async (kid, event) => {
      await store.upsert(kid, (before) =>
        before === undefined ? changed({ id: kid, withdrawnAt: now() }, event) : unchanged(),
      )
    },
  }
}
