import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { decodeDocument } from '../bson/decode.ts'
import { displayDoc } from '../bson/display.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Collation } from '../query/collation.ts'
import type { IndexTable } from './index-table.ts'
import { RecentDocuments } from './recent-documents.ts'
import { blobOf, integerOf, prepareRows, rowOf } from './sqlite-file.ts'

export interface Stored {
  rid: number
  bytes: Buffer
}

/** The keys that a document had in the indexes which a change may touch. */
export type KeysBefore = { index: IndexTable; keys: Buffer[] }[]

export interface CollectionHooks {
  beginWrite(): void
  /** The stored description of the collection (its indexes' multikey marks) is out of date. */
  describe(collection: Collection): void
}

export interface CollectionIdentity {
  id: number
  db: string
  name: string
  uuid: Buffer
  options: Doc
  collation: Collation | undefined
}

/** A collection on disk: one table of documents with a checksum each, and one table per index. */
export class Collection {
  readonly identity: CollectionIdentity
  readonly table: string
  readonly ns: string
  indexes: IndexTable[] = []
  readonly #database: DatabaseSync
  readonly #hooks: CollectionHooks
  readonly #insert: StatementSync
  readonly #update: StatementSync
  readonly #delete: StatementSync
  readonly #byRid: StatementSync
  #byId: StatementSync | undefined
  readonly #recent = new RecentDocuments()
  #nextRid: number | undefined
  #totals: { count: number; bytes: number } | undefined

  constructor(database: DatabaseSync, identity: CollectionIdentity, hooks: CollectionHooks) {
    this.identity = identity
    this.#database = database
    this.#hooks = hooks
    this.table = `c_${identity.id}`
    this.ns = `${identity.db}.${identity.name}`
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${this.table} (rid INTEGER PRIMARY KEY, crc INTEGER NOT NULL, doc BLOB NOT NULL)`,
    )
    this.#insert = database.prepare(`INSERT INTO ${this.table} VALUES (?, ?, ?)`)
    this.#update = database.prepare(`UPDATE ${this.table} SET crc = ?, doc = ? WHERE rid = ?`)
    this.#delete = database.prepare(`DELETE FROM ${this.table} WHERE rid = ?`)
    this.#byRid = prepareRows(database, `SELECT rid, crc, doc FROM ${this.table} WHERE rid = ?`)
  }

  get database(): DatabaseSync {
    return this.#database
  }

  get idIndex(): IndexTable {
    const [index] = this.indexes
    if (index === undefined) throw new CommandError('InternalError', `collection ${this.ns} has no _id index`)
    return index
  }

  /** Checks the checksum of a row of (rid, crc, doc); a mismatch names the damaged file. */
  stored(row: unknown[]): Stored {
    const bytes = blobOf(row[2])
    if (crc32(bytes) !== row[1]) {
      const file = this.#database.location() ?? ''
      throw new CommandError(
        'DataCorruptionDetected',
        `database file ${file} is damaged: record ${String(row[0])} of ${this.ns} does not match its checksum`,
      )
    }
    return { rid: integerOf(row[0]), bytes }
  }

  read(rid: number): Stored | undefined {
    const row = rowOf(this.#byRid.get(rid))
    return row === undefined ? undefined : this.stored(row)
  }

  readById(id: Value): Stored | undefined {
    const index = this.idIndex
    index.accesses += 1
    const recent = this.#recent.get(id)
    if (recent !== undefined) return recent
    const stored = this.#findById(index, id)
    // With a collation, several strings stand for one `_id`.
    if (stored !== undefined && !index.isFolded) this.#recent.keep(id, stored)
    return stored
  }

  #findById(index: IndexTable, id: Value): Stored | undefined {
    this.#byId ??= prepareRows(
      this.#database,
      `SELECT c.rid, c.crc, c.doc FROM ${index.table} i JOIN ${this.table} c ON c.rid = i.rid WHERE i.key = ?`,
    )
    const row = rowOf(this.#byId.get(index.encode([id])))
    return row === undefined ? undefined : this.stored(row)
  }

  insert(doc: Doc, bytes: Buffer): void {
    const rid = this.#takeRid()
    const keys: Buffer[][] = []
    for (const index of this.indexes) {
      const own = index.keysOf(doc, () => this.#hooks.describe(this))
      this.#refuseDuplicates(index, own, rid, doc)
      keys.push(own)
    }
    this.#hooks.beginWrite()
    this.#insert.run(rid, crc32(bytes), bytes)
    for (const [i, own] of keys.entries()) for (const key of own) this.indexes[i]?.add(key, rid)
    this.#nextRid = rid + 1
    this.#count(1, bytes.length)
  }

  /** The documents' own fields that decide over the keys which a change may touch; undefined where that may be any. */
  fieldsOfKeys(touched: readonly string[]): string[] | undefined {
    const fields: string[] = []
    for (const index of this.indexes) {
      if (index.spec.textWeights !== undefined) return undefined
      if (!touched.some((path) => index.isTouchedBy(path))) continue
      for (const { parts } of index.spec.fields) fields.push(parts[0] ?? '')
      for (const path of index.spec.partial?.paths ?? []) fields.push(path.split('.', 1)[0] ?? path)
    }
    return fields
  }

  /** To be called before `doc` is changed in place. Without paths every index counts as touched. */
  keysBefore(doc: Doc, touched: readonly string[] | undefined): KeysBefore {
    const before: KeysBefore = []
    for (const index of this.indexes) {
      if (touched !== undefined && !touched.some((path) => index.isTouchedBy(path))) continue
      before.push({ index, keys: index.keysOf(doc) })
    }
    return before
  }

  replace(old: Stored, before: KeysBefore, doc: Doc, bytes: Buffer): void {
    const after = before.map(({ index }) => index.keysOf(doc, () => this.#hooks.describe(this)))
    for (const [i, { index, keys }] of before.entries()) {
      const added = (after[i] ?? []).filter((key) => !keys.some((own) => own.equals(key)))
      this.#refuseDuplicates(index, added, old.rid, doc)
    }
    this.#hooks.beginWrite()
    this.#update.run(crc32(bytes), bytes, old.rid)
    if (!this.idIndex.isFolded) this.#recent.keep(doc.get('_id'), { rid: old.rid, bytes })
    for (const [i, { index, keys }] of before.entries()) {
      const next = after[i] ?? []
      const [from] = keys
      const [to] = next
      if (keys.length === 1 && next.length === 1 && from !== undefined && to !== undefined) {
        if (!from.equals(to)) index.move(from, to, old.rid)
        continue
      }
      for (const key of keys) if (!next.some((own) => own.equals(key))) index.remove(key, old.rid)
      for (const key of next) if (!keys.some((own) => own.equals(key))) index.add(key, old.rid)
    }
    this.#count(0, bytes.length - old.bytes.length)
  }

  remove(old: Stored): void {
    const doc = decodeDocument(old.bytes)
    const keys = this.indexes.map((index) => index.keysOf(doc))
    this.#hooks.beginWrite()
    for (const [i, own] of keys.entries()) for (const key of own) this.indexes[i]?.remove(key, old.rid)
    this.#delete.run(old.rid)
    this.#recent.drop(doc.get('_id'))
    this.#count(-1, -old.bytes.length)
  }

  #refuseDuplicates(index: IndexTable, keys: Buffer[], rid: number, doc: Doc): void {
    if (!index.spec.unique) return
    for (const key of keys) if (index.isTaken(key, rid)) throw this.duplicateKey(index, doc, key)
  }

  duplicateKey(index: IndexTable, doc: Doc, key: Buffer): CommandError {
    const values = index.valuesBehind(doc, key)
    const keyValue = new Doc()
    index.spec.fields.forEach((field, i) => keyValue.push(field.path, values[i] ?? null))
    return new CommandError(
      'DuplicateKey',
      `E11000 duplicate key error collection: ${this.ns} index: ${index.spec.name} dup key: ${displayDoc(keyValue)}`,
      Doc.from({ keyPattern: index.spec.keyPattern, keyValue }),
    )
  }

  #takeRid(): number {
    this.#nextRid ??= integerOf(rowOf(this.#one(`SELECT coalesce(max(rid), 0) + 1 FROM ${this.table}`))?.[0])
    return this.#nextRid
  }

  #one(sql: string): unknown {
    return prepareRows(this.#database, sql).get()
  }

  #count(documents: number, bytes: number): void {
    if (this.#totals === undefined) return
    this.#totals.count += documents
    this.#totals.bytes += bytes
  }

  /** Counted once by a scan and kept up from then on. */
  totals(): { count: number; bytes: number } {
    if (this.#totals === undefined) {
      const row = rowOf(this.#one(`SELECT count(*), coalesce(sum(length(doc)), 0) FROM ${this.table}`))
      this.#totals = { count: integerOf(row?.[0]), bytes: integerOf(row?.[1]) }
    }
    return this.#totals
  }
}
