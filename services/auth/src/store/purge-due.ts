import type { AggregateDocument } from '@tradewind/database/aggregate-store'
import type { Collection } from 'mongodb'

/** Removes documents whose `purgeAt` has come, but for those with news that is not out yet. Tells how many. */
export async function purgeDue(collection: Collection<AggregateDocument>, now: Date, limit: number): Promise<number> {
  const due = { purgeAt: { $lte: now }, 'outbox.pendingAt': { $exists: false } }
  const found = await collection
    .find(due, { projection: { _id: 1 } })
    .sort({ purgeAt: 1 })
    .limit(limit)
    .toArray()
  if (found.length === 0) return 0
  const { deletedCount } = await collection.deleteMany({ _id: { $in: found.map(({ _id }) => _id) }, ...due })
  return deletedCount
}
