import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { PersonExport } from '../domain/person-export.ts'

interface Part {
  readonly _id: string
  readonly exportId: string
  readonly n: number
  /** Lines of JSON, each with its end. */
  readonly lines: string
}

export interface PersonExportRepository
  extends Pick<AggregateStore<PersonExport>, 'find' | 'insert' | 'update' | 'upsert'> {
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  /** Writes a part anew, so that a worker that carries on may repeat it. */
  readonly savePart: (exportId: string, n: number, lines: string) => Promise<void>
  readonly readParts: (exportId: string) => AsyncIterable<Buffer>
  readonly removeParts: (exportId: string) => Promise<void>
  readonly removeOf: (userId: string) => Promise<void>
}

export function createPersonExportRepository(db: Db, now: () => Date): PersonExportRepository {
  const { collection, find, insert, update, upsert } = createAggregateStore<PersonExport>(db, 'person_exports', { now })
  const parts = db.collection<Part>('person_export_parts')
  const removeParts = async (exportId: string) => {
    await parts.deleteMany({ exportId })
  }
  return {
    find,
    insert,
    update,
    upsert,
    dueBefore: (before, limit) => idsDueBefore(collection, before, limit),
    savePart: async (exportId, n, lines) => {
      await parts.updateOne({ _id: `${exportId}/${n}` }, { $set: { exportId, n, lines } }, { upsert: true })
    },
    async *readParts(exportId) {
      for await (const { lines } of parts.find({ exportId }).sort({ exportId: 1, n: 1 })) yield Buffer.from(lines)
    },
    removeParts,
    removeOf: async (userId) => {
      for await (const { _id } of collection.find({ userId }, { projection: { _id: 1 } })) {
        await removeParts(_id)
        await collection.deleteOne({ _id })
      }
    },
  }
}
