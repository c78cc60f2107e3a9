import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync, type StatementSync } from 'node:sqlite'

export const DATABASE_FILE = 'tradewind.db'

/** The data directory cannot be used. The message is one line, meant for whoever started the process. */
export class DataDirectoryError extends Error {
  override readonly name = 'DataDirectoryError'
}

const SQLITE_BUSY = 5
const SQLITE_CORRUPT = 11
const SQLITE_FULL = 13
const SQLITE_NOTADB = 26

/** The primary result code of an error thrown by SQLite, or undefined for any other error. */
export function sqliteCode(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('errcode' in error)) return undefined
  return typeof error.errcode === 'number' ? error.errcode & 0xff : undefined
}

export function isDiskFull(error: unknown): boolean {
  return sqliteCode(error) === SQLITE_FULL
}

export function isCorruption(error: unknown): boolean {
  const code = sqliteCode(error)
  return code === SQLITE_CORRUPT || code === SQLITE_NOTADB
}

export interface SqliteFile {
  readonly db: DatabaseSync
  readonly file: string
  /** Our own descriptor on the write-ahead log, for flushing it off the main thread. SQLite keeps no lock on that file. */
  readonly walFd: number
}

const CACHE_KIB = 64 * 1024

/**
 * Opens the database and holds it exclusively. The lock is SQLite's advisory lock, so that it dies with the process.
 * `synchronous=NORMAL` makes a commit write the log without flushing it; flushing is ours (see group-commit.ts), and
 * SQLite still flushes in the right order around a checkpoint.
 */
export function openSqliteFile(dataDir: string): SqliteFile {
  fs.mkdirSync(dataDir, { recursive: true })
  const file = path.join(dataDir, DATABASE_FILE)
  const db = openLocked(file, dataDir)
  try {
    return { db, file, walFd: openLog(db, file) }
  } catch (error) {
    db.close()
    throw describe(error, file, dataDir)
  }
}

function openLocked(file: string, dataDir: string): DatabaseSync {
  let db: DatabaseSync | undefined
  try {
    db = new DatabaseSync(file, { timeout: 0, readBigInts: false })
    db.exec(`PRAGMA locking_mode=EXCLUSIVE; PRAGMA page_size=4096; PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;
      PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-${CACHE_KIB}; PRAGMA temp_store=MEMORY`)
    db.exec('BEGIN EXCLUSIVE; CREATE TABLE IF NOT EXISTS opened (id INTEGER PRIMARY KEY, times INTEGER NOT NULL)')
    db.exec('INSERT INTO opened VALUES (1, 1) ON CONFLICT (id) DO UPDATE SET times = times + 1; COMMIT')
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    return db
  } catch (error) {
    db?.close()
    throw describe(error, file, dataDir)
  }
}

function describe(error: unknown, file: string, dataDir: string): unknown {
  if (sqliteCode(error) === SQLITE_BUSY) {
    return new DataDirectoryError(`data directory ${dataDir} is in use by another process`, { cause: error })
  }
  if (isCorruption(error)) {
    return new DataDirectoryError(`database file ${file} is damaged: ${String(error)}`, { cause: error })
  }
  if (sqliteCode(error) !== undefined) {
    return new DataDirectoryError(`cannot open database file ${file}: ${String(error)}`, { cause: error })
  }
  return error
}

function openLog(db: DatabaseSync, file: string): number {
  db.exec('UPDATE opened SET times = times')
  const fd = fs.openSync(`${file}-wal`, 'r+')
  fs.fsyncSync(fd)
  syncDirectory(path.dirname(file))
  syncDirectory(path.dirname(path.resolve(path.dirname(file))))
  return fd
}

/** A new file is durable only when its directory entry is. */
function syncDirectory(directory: string): void {
  const fd = fs.openSync(directory, 'r')
  try {
    fs.fsyncSync(fd)
  } finally {
    fs.closeSync(fd)
  }
}

/** Rows as arrays: cheaper than objects with a property per column. */
export function prepareRows(db: DatabaseSync, sql: string): StatementSync {
  const statement = db.prepare(sql)
  statement.setReturnArrays(true)
  return statement
}

/** A row of a statement made by `prepareRows`. */
export function rowOf(row: unknown): unknown[] | undefined {
  return Array.isArray(row) ? row : undefined
}

export function blobOf(value: unknown): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength)
  throw new TypeError('expected a blob')
}

export function integerOf(value: unknown): number {
  if (typeof value === 'number') return value
  throw new TypeError('expected an integer')
}
