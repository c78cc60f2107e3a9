import { checkInvariants } from '@tradewind/testkit/check-invariants'
import type { Violation } from '@tradewind/testkit/invariants'
import { MongoClient } from 'mongodb'

/** Every service's database must be there, migrated, or the backup is not one. */
const services = ['auth', 'inventory', 'orders', 'payments', 'notifications'] as const

export interface RestoredCheck {
  readonly orders: number
  /** Orders that had not come to their end when the backup was taken. Services that run on it carry them on. */
  readonly underWay: number
  /** What does not hold, of all that no order under way explains. */
  readonly violations: readonly Violation[]
}

/**
 * Looks at a backup that was restored and that no service has run on. Throws when a service's database is missing.
 * `prefix` begins the name of each database, `tradewind_` when left out.
 */
export async function checkRestored(mongodbUrl: string, prefix = 'tradewind_'): Promise<RestoredCheck> {
  const client = await MongoClient.connect(mongodbUrl)
  try {
    for (const service of services) {
      const migrations = await client
        .db(prefix + service)
        .collection('migrations')
        .estimatedDocumentCount()
      if (migrations === 0) throw new Error(`the backup has no database ${prefix}${service}`)
    }
    const orders = client.db(`${prefix}orders`).collection<{ _id: string }>('orders')
    // What waits for an answer, or stands before its end, has a time at which it is looked at again.
    const waiting = await orders.find({ dueAt: { $exists: true } }, { projection: { _id: 1 } }).toArray()
    const underWay = new Set(waiting.map(({ _id }) => idWithoutKind(_id)))
    const violations = await checkInvariants({ mongodbUrl, databasePrefix: prefix })
    return {
      orders: await orders.estimatedDocumentCount(),
      underWay: underWay.size,
      violations: violations.filter(({ message }) => !idsIn(message).some((id) => underWay.has(id))),
    }
  } finally {
    await client.close()
  }
}

/** An order, its reservation and its payment differ only in what stands before. */
const idWithoutKind = (id: string): string => id.slice(id.indexOf('_') + 1)

const idsIn = (message: string): string[] => (message.match(/\b[a-z]{3}_\w+/g) ?? []).map(idWithoutKind)
