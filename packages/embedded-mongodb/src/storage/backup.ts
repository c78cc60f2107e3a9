import fs from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import { setTimeout as delay } from 'node:timers/promises'
import { type SqliteFile, sqliteCode } from './sqlite-file.ts'

/** Pages copied at a time; between two portions the server works on. */
const PAGES_PER_STEP = 1000

/** How often a copy is begun again that the server's own writes got in the way of; each time after a longer pause. */
const MAX_ATTEMPTS = 20
const PAUSE_MS = 10
const SQLITE_BUSY = 5
const SQLITE_LOCKED = 6

async function copyPages(source: SqliteFile, target: string): Promise<number> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await backup(source.db, target, { rate: PAGES_PER_STEP })
    } catch (error) {
      const code = sqliteCode(error)
      // A step that meets a write of this very connection fails without an error of its own.
      const isInTheWay = code === 0 || code === SQLITE_BUSY || code === SQLITE_LOCKED
      if (!isInTheWay || attempt === MAX_ATTEMPTS) throw error
      fs.rmSync(target, { force: true })
      await delay(attempt * PAUSE_MS)
    }
  }
}

/**
 * Copies the database into one file while it is in use. What is written meanwhile is in the copy, too; the copy shows
 * one moment, and no write is in it by half. Returns the number of pages.
 */
export async function copyDatabase(source: SqliteFile, target: string): Promise<number> {
  const unfinished = `${target}.unfinished`
  fs.rmSync(unfinished, { force: true })
  try {
    const pages = await copyPages(source, unfinished)
    const copy = new DatabaseSync(unfinished)
    try {
      // One file without a log beside it.
      copy.exec('PRAGMA journal_mode=DELETE')
    } finally {
      copy.close()
    }
    fs.renameSync(unfinished, target)
    return pages
  } finally {
    fs.rmSync(unfinished, { force: true })
  }
}
