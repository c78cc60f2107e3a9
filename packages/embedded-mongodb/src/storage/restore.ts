import { DatabaseSync } from 'node:sqlite'
import { crc32 } from 'node:zlib'
import { decodeDocument } from '../bson/decode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Catalog } from './catalog.ts'
import type { GroupCommit } from './group-commit.ts'
import { blobOf, integerOf, isCorruption, prepareRows, rowOf, type SqliteFile, sqliteCode } from './sqlite-file.ts'

/** Puts a backup in the place of everything that is there. Until it is complete nothing is changed. */
export function restoreDatabase(target: SqliteFile, commit: GroupCommit, catalog: Catalog, file: string): number {
  const source = openBackup(file)
  try {
    checkBackup(source, file)
    commit.beginWrite()
    const present = Array.from(catalog.all())
    for (const collection of present) catalog.drop(collection)
    const entries = prepareRows(source, 'SELECT id, ns, meta FROM catalog').all()
    for (const raw of entries) copyCollection(source, target.db, rowOf(raw) ?? [])
    catalog.reload()
    return entries.length
  } finally {
    source.close()
  }
}

function openBackup(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { readOnly: true })
  } catch (error) {
    throw new CommandError('BadValue', `backup file ${file} cannot be opened: ${String(error)}`)
  }
}

/** Everything is checked before anything is replaced. */
function checkBackup(source: DatabaseSync, file: string): void {
  try {
    const result = rowOf(prepareRows(source, 'PRAGMA quick_check(1)').get())?.[0]
    if (result !== 'ok') throw damaged(file, String(result))
    for (const raw of prepareRows(source, 'SELECT id, ns FROM catalog').all()) {
      const [id, ns] = rowOf(raw) ?? []
      for (const row of prepareRows(source, `SELECT rid, crc, doc FROM c_${integerOf(id)}`).iterate()) {
        const [rid, crc, doc] = rowOf(row) ?? []
        if (crc32(blobOf(doc)) !== crc)
          throw damaged(file, `record ${String(rid)} of ${String(ns)} does not match its checksum`)
      }
    }
  } catch (error) {
    if (isCorruption(error) || sqliteCode(error) !== undefined) throw damaged(file, String(error))
    throw error
  }
}

function damaged(file: string, what: string): CommandError {
  return new CommandError('DataCorruptionDetected', `backup file ${file} is damaged: ${what}`)
}

function copyCollection(source: DatabaseSync, target: DatabaseSync, [id, ns, meta]: unknown[]): void {
  const table = `c_${integerOf(id)}`
  target.exec(`CREATE TABLE ${table} (rid INTEGER PRIMARY KEY, crc INTEGER NOT NULL, doc BLOB NOT NULL)`)
  const insert = target.prepare(`INSERT INTO ${table} VALUES (?, ?, ?)`)
  for (const raw of prepareRows(source, `SELECT rid, crc, doc FROM ${table} ORDER BY rid`).iterate()) {
    const row = rowOf(raw) ?? []
    insert.run(integerOf(row[0]), integerOf(row[1]), blobOf(row[2]))
  }
  const indexes = decodeDocument(blobOf(meta)).get('indexes')
  for (const index of Array.isArray(indexes) ? indexes : []) {
    const number = index instanceof Doc ? index.get('id') : undefined
    if (isNumeric(number)) copyIndex(source, target, `i_${toNumber(number)}`)
  }
  target.prepare('INSERT INTO catalog VALUES (?, ?, ?)').run(integerOf(id), String(ns), blobOf(meta))
}

function copyIndex(source: DatabaseSync, target: DatabaseSync, table: string): void {
  target.exec(`CREATE TABLE ${table} (key BLOB NOT NULL, rid INTEGER NOT NULL, PRIMARY KEY (key, rid)) WITHOUT ROWID`)
  const insert = target.prepare(`INSERT INTO ${table} VALUES (?, ?)`)
  for (const raw of prepareRows(source, `SELECT key, rid FROM ${table} ORDER BY key, rid`).iterate()) {
    const row = rowOf(raw) ?? []
    insert.run(blobOf(row[0]), integerOf(row[1]))
  }
}
