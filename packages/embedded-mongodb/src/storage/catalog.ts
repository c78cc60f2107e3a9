import { randomUUID } from 'node:crypto'
import type { DatabaseSync } from 'node:sqlite'
import { decodeDocument } from '../bson/decode.ts'
import { encodeDocument } from '../bson/encode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Binary, Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { parseCollation } from '../query/collation.ts'
import { Collection, type CollectionHooks } from './collection.ts'
import type { IndexSpec } from './index-spec.ts'
import { IndexTable } from './index-table.ts'
import { parseIndexSpec } from './parse-index-spec.ts'
import { blobOf, integerOf, prepareRows, rowOf } from './sqlite-file.ts'

/** Which collections there are. Kept in the database, so that it is part of the same transactions as the documents. */
export class Catalog {
  readonly #db: DatabaseSync
  readonly #beginWrite: () => void
  readonly #hooks: CollectionHooks
  #databases = new Map<string, Map<string, Collection>>()
  #nextId = 1

  constructor(db: DatabaseSync, beginWrite: () => void) {
    this.#db = db
    this.#beginWrite = beginWrite
    this.#hooks = { beginWrite, describe: (collection) => this.describe(collection) }
    db.exec('CREATE TABLE IF NOT EXISTS catalog (id INTEGER PRIMARY KEY, ns TEXT NOT NULL UNIQUE, meta BLOB NOT NULL)')
    this.reload()
  }

  /** Reads everything again: after a transaction was given up, what is in memory may never have happened. */
  reload(): void {
    this.#databases = new Map()
    this.#nextId = 1
    for (const raw of prepareRows(this.#db, 'SELECT id, ns, meta FROM catalog ORDER BY id').all()) {
      const row = rowOf(raw)
      if (row !== undefined) this.#load(integerOf(row[0]), String(row[1]), decodeDocument(blobOf(row[2])))
    }
  }

  #load(id: number, ns: string, meta: Doc): void {
    const dot = ns.indexOf('.')
    const options = docOf(meta.get('options'))
    const uuid = meta.get('uuid')
    const collection = new Collection(
      this.#db,
      {
        id,
        db: ns.slice(0, dot),
        name: ns.slice(dot + 1),
        uuid: uuid instanceof Binary ? uuid.bytes : Buffer.alloc(16),
        options,
        collation: parseCollation(options.get('collation')),
      },
      this.#hooks,
    )
    const indexes = meta.get('indexes')
    for (const entry of Array.isArray(indexes) ? indexes : []) {
      const index = docOf(entry)
      const indexId = numberOf(index.get('id'))
      const multikey = index.get('multikey')
      const marks = Array.isArray(multikey) ? multikey.map((mark) => mark === true) : []
      collection.indexes.push(new IndexTable(this.#db, indexId, parseIndexSpec(docOf(index.get('spec'))), marks))
      this.#nextId = Math.max(this.#nextId, indexId + 1)
    }
    this.#nextId = Math.max(this.#nextId, id + 1)
    this.#put(collection)
  }

  #put(collection: Collection): void {
    const { db, name } = collection.identity
    const collections = this.#databases.get(db) ?? new Map<string, Collection>()
    collections.set(name, collection)
    this.#databases.set(db, collections)
  }

  get(db: string, name: string): Collection | undefined {
    return this.#databases.get(db)?.get(name)
  }

  databases(): string[] {
    return [...this.#databases.keys()].toSorted()
  }

  collections(db: string): Collection[] {
    return [...(this.#databases.get(db)?.values() ?? [])]
  }

  *all(): IterableIterator<Collection> {
    for (const collections of this.#databases.values()) yield* collections.values()
  }

  getOrCreate(db: string, name: string): Collection {
    return this.get(db, name) ?? this.create(db, name, new Doc())
  }

  create(db: string, name: string, options: Doc): Collection {
    checkNamespace(db, name)
    this.#refuseOtherCase(db)
    this.#beginWrite()
    const collation = parseCollation(options.get('collation'))
    const identity = { id: this.#nextId++, db, name, uuid: randomUuid(), options, collation }
    const collection = new Collection(this.#db, identity, this.#hooks)
    const source = Doc.from({ v: 2, key: Doc.of('_id', 1), name: '_id_', collation: collation?.source })
    collection.indexes.push(new IndexTable(this.#db, this.#nextId++, parseIndexSpec(source), [false]))
    this.#put(collection)
    this.describe(collection)
    return collection
  }

  /** Names of databases become names of files elsewhere, so they must differ by more than case. */
  #refuseOtherCase(db: string): void {
    if (this.#databases.has(db)) return
    const other = this.databases().find((known) => known.toLowerCase() === db.toLowerCase())
    if (other === undefined) return
    throw new CommandError(
      'DatabaseDifferCase',
      `db already exists with different case already have: [${other}] trying to create [${db}]`,
    )
  }

  makeIndex(spec: IndexSpec): IndexTable {
    this.#beginWrite()
    const marks = spec.fields.map(() => false)
    return new IndexTable(this.#db, this.#nextId++, spec, marks)
  }

  dropIndex(collection: Collection, index: IndexTable): void {
    this.#beginWrite()
    collection.indexes = collection.indexes.filter((other) => other !== index)
    this.discard(index)
    this.describe(collection)
  }

  /** Gives an index other options; its entries stay. */
  respecify(collection: Collection, index: IndexTable, source: Doc): void {
    const changed = new IndexTable(this.#db, index.id, parseIndexSpec(source), index.multikey)
    collection.indexes = collection.indexes.map((other) => (other === index ? changed : other))
    this.describe(collection)
  }

  discard(index: IndexTable): void {
    this.#db.exec(`DROP TABLE ${index.table}`)
  }

  drop(collection: Collection): void {
    this.#beginWrite()
    for (const index of collection.indexes) this.#db.exec(`DROP TABLE ${index.table}`)
    this.#db.exec(`DROP TABLE ${collection.table}`)
    this.#db.prepare('DELETE FROM catalog WHERE id = ?').run(collection.identity.id)
    this.#forget(collection)
  }

  #forget({ identity }: Collection): void {
    const collections = this.#databases.get(identity.db)
    collections?.delete(identity.name)
    if (collections?.size === 0) this.#databases.delete(identity.db)
  }

  rename(collection: Collection, db: string, name: string): Collection {
    checkNamespace(db, name)
    this.#refuseOtherCase(db)
    this.#beginWrite()
    this.#forget(collection)
    const renamed = new Collection(this.#db, { ...collection.identity, db, name }, this.#hooks)
    renamed.indexes = collection.indexes
    this.#put(renamed)
    this.describe(renamed)
    return renamed
  }

  /** Writes down what the collection is now. */
  describe(collection: Collection): void {
    this.#beginWrite()
    const { id, uuid, options } = collection.identity
    const indexes = collection.indexes.map((index) =>
      Doc.from({ id: index.id, spec: index.spec.source, multikey: [...index.multikey] }),
    )
    const meta = encodeDocument(Doc.from({ uuid: new Binary(uuid, 4), options, indexes }))
    this.#db
      .prepare(
        'INSERT INTO catalog VALUES (?, ?, ?) ON CONFLICT (id) DO UPDATE SET ns = excluded.ns, meta = excluded.meta',
      )
      .run(id, collection.ns, meta)
  }
}

function docOf(value: Value | undefined): Doc {
  return value instanceof Doc ? value : new Doc()
}

function numberOf(value: Value | undefined): number {
  return isNumeric(value) ? toNumber(value) : 0
}

function randomUuid(): Buffer {
  return Buffer.from(randomUUID().replaceAll('-', ''), 'hex')
}

const MAX_NAMESPACE_BYTES = 255
const MAX_DATABASE_BYTES = 63

/** The naming rules of the server; a name may not reach for the path of a file or a reserved collection. */
export function checkNamespace(db: string, name: string): void {
  const ns = `${db}.${name}`
  if (!isDatabaseName(db) || name === '' || name.startsWith('.') || name.endsWith('.') || /[\0$]/.test(name)) {
    throw new CommandError('InvalidNamespace', `Invalid namespace specified '${ns}'`)
  }
  if (Buffer.byteLength(ns) > MAX_NAMESPACE_BYTES) {
    throw new CommandError(
      'InvalidNamespace',
      `Fully qualified namespace is too long. Namespace: ${ns} Max: ${MAX_NAMESPACE_BYTES}`,
    )
  }
}

export function isDatabaseName(db: string): boolean {
  return db !== '' && Buffer.byteLength(db) <= MAX_DATABASE_BYTES && !/[\0 "$./\\]/.test(db)
}
