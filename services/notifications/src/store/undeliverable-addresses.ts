import { fingerprint } from '@tradewind/service-kit/idempotency'
import type { Db } from 'mongodb'

interface Mark {
  readonly _id: string
  readonly at: Date
  readonly code: string
}

/** Addresses that mail came back from. Kept as fingerprints, so that this is no list of addresses. */
export interface UndeliverableAddresses {
  readonly add: (address: string, code: string) => Promise<void>
  readonly has: (address: string) => Promise<boolean>
  readonly forget: (address: string) => Promise<void>
  /** Forgets what was noted before: mailboxes are emptied and names given anew. Returns how many. */
  readonly forgetBefore: (before: Date) => Promise<number>
}

export function createUndeliverableAddresses(db: Db, now: () => Date): UndeliverableAddresses {
  const collection = db.collection<Mark>('undeliverable_addresses')
  const idOf = (address: string) => fingerprint(address.trim().toLowerCase())
  return {
    add: async (address, code) => {
      await collection.updateOne({ _id: idOf(address) }, { $set: { at: now(), code } }, { upsert: true })
    },
    has: async (address) => (await collection.findOne({ _id: idOf(address) }, { projection: { _id: 1 } })) !== null,
    forget: async (address) => {
      await collection.deleteOne({ _id: idOf(address) })
    },
    forgetBefore: async (before) => (await collection.deleteMany({ at: { $lt: before } })).deletedCount,
  }
}
