import { type AggregateStore, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Job } from '../domain/job.ts'

export type StoredJob = Job & Stored

export interface JobRepository extends Pick<AggregateStore<Job>, 'insert' | 'find' | 'update' | 'upsert'> {
  /** Jobs that wait for a worker, and those whose worker has been silent for too long. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  readonly findByRequest: (requestKey: string) => Promise<StoredJob | undefined>
  /** Newest first, `limit + 1` at most. */
  readonly page: (after: string | undefined, limit: number) => Promise<StoredJob[]>
  /** How many have not come to their end, up to a limit. */
  readonly countUnfinished: (limit: number) => Promise<number>
  readonly finishedBefore: (before: Date, limit: number) => Promise<string[]>
  readonly remove: (id: string) => Promise<void>
}

export function createJobRepository(db: Db, now: () => Date): JobRepository {
  const { collection, toState, insert, find, update, upsert } = createAggregateStore<Job>(db, 'jobs', { now })
  return {
    insert,
    find,
    update,
    upsert,
    dueBefore: (before, limit) => idsDueBefore(collection, before, limit),
    findByRequest: async (requestKey) => {
      const found = await collection.findOne({ requestKey })
      return found === null ? undefined : toState(found)
    },
    page: async (after, limit) => {
      const filter = after === undefined ? {} : { _id: { $lt: after } }
      const found = await collection
        .find(filter)
        .sort({ _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toState)
    },
    countUnfinished: (limit) => collection.countDocuments({ dueAt: { $exists: true } }, { limit }),
    finishedBefore: async (before, limit) => {
      const filter = { finishedAt: { $lt: before } }
      const found = await collection
        .find(filter, { projection: { _id: 1 } })
        .limit(limit)
        .toArray()
      return found.map(({ _id }) => _id)
    },
    remove: async (id) => {
      await collection.deleteOne({ _id: id })
    },
  }
}
