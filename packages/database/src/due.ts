import type { Collection } from 'mongodb'
import type { AggregateDocument } from './aggregate-document.ts'

/** For aggregates with a `dueAt`: when a sweeper is to look at them, missing when nothing is awaited. */
export const dueIndex = { key: { dueAt: 1 }, name: 'due', sparse: true } as const

/** Ids of aggregates whose `dueAt` has come, longest overdue first. */
export async function idsDueBefore(
  collection: Collection<AggregateDocument>,
  before: Date,
  limit: number,
): Promise<string[]> {
  const found = await collection
    .find({ dueAt: { $lte: before } }, { projection: { _id: 1 } })
    .sort({ dueAt: 1 })
    .limit(limit)
    .toArray()
  return found.map(({ _id }) => _id)
}
