import fs from 'node:fs'
import { backup, DatabaseSync } from 'node:sqlite'
import type { SqliteFile } from './sqlite-file.ts'

/** Pages copied at a time; between two portions the server works on. */
const PAGES_PER_STEP = 1000

/**
 * Copies the database into one file while it is in use. What is written meanwhile is in the copy, too; the copy shows
 * one moment, and no write is in it by half. Returns the number of pages.
 */
export async function copyDatabase(source: SqliteFile, target: string): Promise<number> {
  const unfinished = `${target}.unfinished`
  fs.rmSync(unfinished, { force: true })
  try {
    const pages = await backup(source.db, unfinished, { rate: PAGES_PER_STEP })
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
