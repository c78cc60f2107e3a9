import { isOnlyDuplicates } from '@tradewind/database/bulk-errors'
import { type Db, type Filter } from 'mongodb'
import type { RowFault } from '../domain/file-item.ts'

interface JobErrorDocument extends RowFault {
  readonly _id: string
  readonly jobId: string
  /** First row of the item that was refused; faults may stand in later rows of it. */
  readonly item: number
  /** Counts the faults of one item, from 0. */
  readonly n: number
}

export interface Refused {
  readonly item: number
  readonly faults: readonly RowFault[]
}

export type ErrorPlace = readonly [row: number, n: number, item: number]

export interface JobErrors {
  /** Keeps what is not kept yet; repeating it changes nothing. */
  readonly record: (jobId: string, refused: readonly Refused[]) => Promise<void>
  readonly forget: (jobId: string, items: readonly number[]) => Promise<void>
  /** How many faults are kept of each item from a row on. */
  readonly refusedAfter: (jobId: string, row: number) => Promise<ReadonlyMap<number, number>>
  /** By row, `limit + 1` at most. */
  readonly page: (
    jobId: string,
    after: ErrorPlace | undefined,
    limit: number,
  ) => Promise<(RowFault & Pick<JobErrorDocument, 'n' | 'item'>)[]>
  readonly removeAll: (jobId: string) => Promise<void>
}

export function createJobErrors(db: Db): JobErrors {
  const collection = db.collection<JobErrorDocument>('job_errors')
  return {
    record: async (jobId, refused) => {
      const documents = refused.flatMap(({ item, faults }) =>
        faults.map((fault, n) => ({ _id: `${jobId}/${item}/${n}`, jobId, item, n, ...fault })),
      )
      if (documents.length === 0) return
      try {
        await collection.insertMany(documents, { ordered: false })
      } catch (error) {
        if (!isOnlyDuplicates(error)) throw error
      }
    },
    forget: async (jobId, items) => {
      if (items.length > 0) await collection.deleteMany({ jobId, item: { $in: [...items] } })
    },
    refusedAfter: async (jobId, row) => {
      // A fault never stands before the item that it belongs to.
      const found = await collection.find({ jobId, row: { $gt: row } }, { projection: { item: 1 } }).toArray()
      const counts = new Map<number, number>()
      for (const { item } of found) counts.set(item, (counts.get(item) ?? 0) + 1)
      return counts
    },
    page: async (jobId, after, limit) => {
      const found = await collection
        .find(after === undefined ? { jobId } : { $and: [{ jobId }, behind(after)] })
        .sort({ jobId: 1, row: 1, n: 1, item: 1 })
        .limit(limit + 1)
        .toArray()
      return found.map(({ _id, jobId: _jobId, ...fault }) => fault)
    },
    removeAll: async (jobId) => {
      await collection.deleteMany({ jobId })
    },
  }
}

const behind = ([row, n, item]: ErrorPlace): Filter<JobErrorDocument> => ({
  $or: [{ row: { $gt: row } }, { row, n: { $gt: n } }, { row, n, item: { $gt: item } }],
})
