import { type Collection, type Db, type Filter, MongoBulkWriteError, MongoServerError } from 'mongodb'
import type { AuditActor, AuditDetail, AuditEntry, Seal, SealedEntry } from '../domain/audit.ts'

/** A place in the log: newest first by time, then id. */
export type AuditPlace = readonly [at: string, id: string]

export interface AuditFilter {
  readonly actor: string | undefined
  readonly subject: string | undefined
  readonly action: string | undefined
  readonly from: Date | undefined
  readonly to: Date | undefined
}

export interface AuditQuery extends AuditFilter {
  readonly after: AuditPlace | undefined
  readonly limit: number
}

export type StoredEntry = AuditEntry & { readonly seal?: Seal }

export interface AuditRepository {
  readonly collection: Collection<AuditDocument>
  readonly insert: (entry: AuditEntry) => Promise<void>
  /** The same, but an entry with this id that is there already stays as it is. */
  readonly insertOnce: (entry: AuditEntry) => Promise<void>
  /** Newest first, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly page: (query: AuditQuery) => Promise<StoredEntry[]>
  /** Oldest first. */
  readonly walk: (filter: AuditFilter) => AsyncIterable<StoredEntry>
  /** The chain from its beginning. */
  readonly walkChain: () => AsyncIterable<SealedEntry>
  readonly head: () => Promise<Seal | undefined>
  /** Entries that are not in the chain, in the order in which they come into it. */
  readonly unsealed: (limit: number) => Promise<AuditEntry[]>
  readonly countUnsealed: () => Promise<number>
  /** Gives entries their places, in order. False when somebody else took a place first; those after it are left alone. */
  readonly seal: (entries: readonly SealedEntry[]) => Promise<boolean>
}

export interface AuditDocument {
  readonly _id: string
  readonly at: Date
  readonly action: string
  readonly actor: AuditActor
  readonly subject?: string
  readonly from?: string
  readonly detail: AuditDetail
  /** Present until it is sealed. Indexed, sparse. */
  readonly unsealedAt?: Date
  readonly seal?: Seal
}

const toEntry = ({ _id, unsealedAt: _unsealedAt, ...entry }: AuditDocument): StoredEntry => ({ ...entry, id: _id })

const isSealed = (entry: StoredEntry): entry is SealedEntry => entry.seal !== undefined

function filterFor({ actor, subject, action, from, to }: AuditFilter): Filter<AuditDocument> {
  const at = { ...(from !== undefined && { $gte: from }), ...(to !== undefined && { $lt: to }) }
  return {
    ...(actor !== undefined && { 'actor.id': actor }),
    ...(subject !== undefined && { subject }),
    ...(action !== undefined && { action }),
    ...(Object.keys(at).length > 0 && { at }),
  }
}

export function createAuditRepository(db: Db): AuditRepository {
  const collection = db.collection<AuditDocument>('audit')
  const insert = async ({ id, ...entry }: AuditEntry) => {
    await collection.insertOne({ _id: id, ...entry, unsealedAt: entry.at })
  }
  return {
    collection,
    insert,
    insertOnce: async (entry) => {
      try {
        await insert(entry)
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
    },
    page: async ({ after, limit, ...filter }) => {
      const conditions = [filterFor(filter)]
      if (after !== undefined) {
        const at = new Date(after[0])
        conditions.push({ $or: [{ at: { $lt: at } }, { at, _id: { $lt: after[1] } }] })
      }
      const found = await collection
        .find({ $and: conditions })
        .sort({ at: -1, _id: -1 })
        .limit(limit + 1)
        .toArray()
      return found.map(toEntry)
    },
    async *walk(filter) {
      for await (const document of collection.find(filterFor(filter)).sort({ at: 1, _id: 1 })) yield toEntry(document)
    },
    async *walkChain() {
      for await (const document of collection.find({ 'seal.seq': { $gte: 1 } }).sort({ 'seal.seq': 1 })) {
        const entry = toEntry(document)
        if (isSealed(entry)) yield entry
      }
    },
    head: async () => {
      const [last] = await collection
        .find({ 'seal.seq': { $gte: 1 } })
        .sort({ 'seal.seq': -1 })
        .limit(1)
        .toArray()
      return last?.seal
    },
    unsealed: async (limit) => {
      const found = await collection
        .find({ unsealedAt: { $exists: true } })
        .sort({ unsealedAt: 1, _id: 1 })
        .limit(limit)
        .toArray()
      return found.map(toEntry)
    },
    countUnsealed: () => collection.countDocuments({ unsealedAt: { $exists: true } }),
    seal: async (entries) => {
      try {
        await collection.bulkWrite(
          entries.map(({ id, seal }) => ({
            updateOne: {
              filter: { _id: id, unsealedAt: { $exists: true } },
              update: { $set: { seal }, $unset: { unsealedAt: '' } },
            },
          })),
          // A place that is taken stops what comes after it.
          { ordered: true },
        )
        return true
      } catch (error) {
        if (error instanceof MongoBulkWriteError && error.code === 11000) return false
        throw error
      }
    },
  }
}
