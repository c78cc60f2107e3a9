import { shareReads } from '@tradewind/database/share-reads'
import { type Collection, type Db, type Filter, MongoBulkWriteError, type WriteError } from 'mongodb'
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

const duplicateKeyCode = 11_000

const notWritten = ({ id, action }: AuditEntry, { errmsg = 'no reason given' }: WriteError) =>
  new Error(`the audit entry ${id} of ${action} was refused by the database: ${errmsg}`)

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
  /** Entries of the next command, by id. */
  const waiting = new Map<string, AuditDocument>()
  // Those of one moment share one command; each caller hears what became of his own.
  const insertAll = shareReads(async (ids) => {
    const documents = ids.flatMap((id) => waiting.get(id) ?? [])
    for (const id of ids) waiting.delete(id)
    try {
      await collection.insertMany(documents, { ordered: false })
      return new Map<string, WriteError>()
    } catch (error) {
      if (!(error instanceof MongoBulkWriteError)) throw error
      const refused = [error.writeErrors].flat()
      // Where others may not be durable either, nobody is told that his is.
      if (refused.length === 0 || error.result.getWriteConcernError() !== undefined) throw error
      return new Map(refused.map((refusal) => [documents[refusal.index]?._id ?? '', refusal]))
    }
  })
  /** Tells why an entry was refused; undefined when it was written. */
  const write = async ({ id, ...entry }: AuditEntry): Promise<WriteError | undefined> => {
    waiting.set(id, { _id: id, ...entry, unsealedAt: entry.at })
    return (await insertAll([id])).get(id)
  }
  return {
    collection,
    insert: async (entry) => {
      const refusal = await write(entry)
      if (refusal !== undefined) throw notWritten(entry, refusal)
    },
    insertOnce: async (entry) => {
      const refusal = await write(entry)
      if (refusal !== undefined && refusal.code !== duplicateKeyCode) throw notWritten(entry, refusal)
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
        if (error instanceof MongoBulkWriteError && error.code === duplicateKeyCode) return false
        throw error
      }
    },
  }
}
