import type { DatabaseSync, StatementSync } from 'node:sqlite'
import type { Doc, Value } from '../bson/values.ts'
import { textIndexTokens } from '../query/text-search.ts'
import { extractKeys } from './index-keys.ts'
import type { IndexSpec } from './index-spec.ts'
import { encodeKey, type Fold } from './key-string.ts'
import { integerOf, prepareRows, rowOf } from './sqlite-file.ts'

/** One index on disk: rows of (key, rid), ordered by key and then by record. */
export class IndexTable {
  readonly id: number
  readonly spec: IndexSpec
  readonly table: string
  /** For each field, whether any document ever had an array on its path. It only ever grows. */
  readonly multikey: boolean[]
  readonly #paths: readonly (readonly string[])[]
  readonly #descending: readonly boolean[]
  readonly #fold: Fold
  /** The fields, when all lie at the top level and every document is in the index. */
  readonly #simplePaths: readonly string[] | undefined
  readonly #insert: StatementSync
  readonly #delete: StatementSync
  readonly #move: StatementSync
  readonly #owner: StatementSync
  readonly #database: DatabaseSync
  #entry: StatementSync | undefined
  accesses = 0
  readonly since = Date.now()

  constructor(db: DatabaseSync, id: number, spec: IndexSpec, multikey: boolean[]) {
    this.#database = db
    this.id = id
    this.spec = spec
    this.table = `i_${id}`
    this.multikey = multikey
    this.#paths = spec.fields.map((field) => field.parts)
    this.#descending = spec.fields.map((field) => field.descending)
    this.#fold = spec.collation?.fold
    const isWhole = !spec.sparse && spec.partial === undefined && spec.textWeights === undefined && !spec.hashed
    const isSimple = isWhole && spec.fields.every(({ parts }) => parts.length === 1)
    this.#simplePaths = isSimple ? spec.fields.map(({ path }) => path) : undefined
    db.exec(`CREATE TABLE IF NOT EXISTS ${this.table} (key BLOB NOT NULL, rid INTEGER NOT NULL,
      PRIMARY KEY (key, rid)) WITHOUT ROWID`)
    this.#insert = db.prepare(`INSERT OR IGNORE INTO ${this.table} VALUES (?, ?)`)
    this.#delete = db.prepare(`DELETE FROM ${this.table} WHERE key = ? AND rid = ?`)
    this.#move = db.prepare(`UPDATE ${this.table} SET key = ? WHERE key = ? AND rid = ?`)
    this.#owner = prepareRows(db, `SELECT rid FROM ${this.table} WHERE key = ? AND rid <> ? LIMIT 1`)
  }

  get isMultikey(): boolean {
    return this.multikey.includes(true)
  }

  /** Whether strings that differ may share a key. */
  get isFolded(): boolean {
    return this.#fold !== undefined
  }

  encode(values: readonly Value[]): Buffer {
    return encodeKey(values, this.#descending, this.#fold)
  }

  /** The keys of a document; `onMultikey` is told when the index becomes multikey by it. */
  keysOf(doc: Doc, onMultikey?: () => void): Buffer[] {
    const { spec } = this
    if (this.#simplePaths !== undefined) {
      const values = this.#simplePaths.map((path) => doc.get(path) ?? null)
      if (!values.some(Array.isArray)) return [this.encode(values)]
    }
    if (spec.partial !== undefined && !spec.partial.matches(doc)) return []
    if (spec.textWeights !== undefined) return this.#textKeys(doc)
    const { tuples, multikey, present } = extractKeys(doc, this.#paths)
    if (spec.sparse && !present) return []
    multikey.forEach((is, i) => {
      if (!is || this.multikey[i] === true) return
      this.multikey[i] = true
      onMultikey?.()
    })
    return tuples.map((tuple) => this.encode(tuple))
  }

  #textKeys(doc: Doc): Buffer[] {
    const tokens = textIndexTokens(doc, this.spec)
    return [...tokens].map((token) => encodeKey([token], [false]))
  }

  /** The values behind one of the document's keys, for an error message. */
  valuesBehind(doc: Doc, key: Buffer): Value[] {
    const { tuples } = extractKeys(doc, this.#paths)
    return tuples.find((tuple) => this.encode(tuple).equals(key)) ?? []
  }

  add(key: Buffer, rid: number): void {
    this.#insert.run(key, rid)
  }

  remove(key: Buffer, rid: number): void {
    this.#delete.run(key, rid)
  }

  /** Gives a record another key in place of one that it has. */
  move(from: Buffer, to: Buffer, rid: number): void {
    this.#move.run(to, from, rid)
  }

  /** Whether another record has this key already. */
  isTaken(key: Buffer, rid: number): boolean {
    return rowOf(this.#owner.get(key, rid)) !== undefined
  }

  has(key: Buffer, rid: number): boolean {
    this.#entry ??= prepareRows(this.#database, `SELECT 1 FROM ${this.table} WHERE key = ? AND rid = ?`)
    return rowOf(this.#entry.get(key, rid)) !== undefined
  }

  /** The record that has this key. */
  ownerOf(key: Buffer): number | undefined {
    const row = rowOf(this.#owner.get(key, -1))
    return row === undefined ? undefined : integerOf(row[0])
  }

  /** Whether a change at `path` can change a document's keys. */
  isTouchedBy(path: string): boolean {
    const { spec } = this
    if (spec.textWeights !== undefined) return true
    if (spec.fields.some((field) => overlaps(field.path, path))) return true
    return spec.partial?.paths.some((partial) => overlaps(partial, path)) ?? false
  }

  rowCount(db: DatabaseSync): number {
    return integerOf(rowOf(prepareRows(db, `SELECT count(*) FROM ${this.table}`).get())?.[0])
  }
}

const POSITION = /\.\d+(?=\.|$)/g

/** Paths overlap when one contains the other; positions within arrays do not count. */
function overlaps(indexed: string, changed: string): boolean {
  if (indexed === changed) return true
  if (!indexed.includes('.') && !changed.includes('.')) return false
  const a = `${indexed.replace(POSITION, '')}.`
  const b = `${changed.replace(POSITION, '')}.`
  return a.startsWith(b) || b.startsWith(a)
}
