import fs from 'node:fs'
import type { DatabaseSync, StatementSync } from 'node:sqlite'
import { CommandError } from '../errors.ts'
import { integerOf, isDiskFull, prepareRows, rowOf, type SqliteFile } from './sqlite-file.ts'

/** Called once the writes made before it are on disk, or with the reason why they may not be. */
export type Durable = (failure: CommandError | undefined) => void

export interface FlushCounts {
  flushes: number
  acknowledged: number
  checkpoints: number
  failures: number
}

const CHECKPOINT_FRAMES = 8000
const RECOVERY_PAUSE_MS = 500

/**
 * Many writes share one commit and one flush. Commands change the database inside one open transaction; while a flush
 * runs on the thread pool the next transaction grows, and it is committed only when that flush has ended. A write is
 * acknowledged when a flush that began after its commit has ended well.
 *
 * A checkpoint runs only between flushes. SQLite flushes the log before it copies pages and the database before it
 * starts the log over, so that at every moment either the log or the database holds each acknowledged write.
 */
export class GroupCommit {
  readonly counts: FlushCounts = { flushes: 0, acknowledged: 0, checkpoints: 0, failures: 0 }
  readonly #db: DatabaseSync
  readonly #walFd: number
  readonly #onRollback: () => void
  readonly #begin: StatementSync
  readonly #commit: StatementSync
  readonly #logFrames: StatementSync
  #waiting: Durable[] = []
  #flushing: Durable[] = []
  #open = false
  #inFlight = false
  #scheduled = false
  #failure: CommandError | undefined
  #failedAtMs = 0
  #idle: (() => void)[] = []

  constructor(file: SqliteFile, onRollback: () => void) {
    this.#db = file.db
    this.#walFd = file.walFd
    this.#onRollback = onRollback
    this.#begin = file.db.prepare('BEGIN IMMEDIATE')
    this.#commit = file.db.prepare('COMMIT')
    this.#logFrames = prepareRows(file.db, 'PRAGMA wal_checkpoint(NOOP)')
  }

  /** To be called before anything is changed. Throws while an earlier flush has failed and is not made good. */
  beginWrite(): void {
    if (this.#open) return
    if (this.#failure !== undefined) this.#recover(this.#failure)
    this.#begin.run()
    this.#open = true
    this.#schedule()
  }

  /** Runs `done` when everything written so far is durable; at once when it is already. */
  whenDurable(done: Durable): void {
    if (this.#open) this.#waiting.push(done)
    else if (this.#inFlight) this.#flushing.push(done)
    // A write that changes nothing rests on what is there, which a failed flush has left in doubt.
    else done(this.#failure)
  }

  /** Gives up the open transaction, and with it every write that shares it. */
  abort(cause: unknown): CommandError {
    const failure = refusal(cause)
    const lost = this.#waiting
    this.#waiting = []
    if (this.#db.isTransaction) this.#db.exec('ROLLBACK')
    this.#open = false
    this.counts.failures += 1
    this.#onRollback()
    for (const done of lost) done(failure)
    this.#settle()
    return failure
  }

  /** Resolves when nothing is left to flush. */
  drain(): Promise<void> {
    return new Promise((resolve) => {
      this.#idle.push(resolve)
      this.#settle()
    })
  }

  #schedule(): void {
    if (this.#scheduled || this.#inFlight) return
    this.#scheduled = true
    setImmediate(() => {
      this.#scheduled = false
      this.#commitOpen()
    })
  }

  #commitOpen(): void {
    if (!this.#open || this.#inFlight) return
    try {
      this.#commit.run()
    } catch (error) {
      this.abort(error)
      return
    }
    this.#open = false
    const committed = this.#waiting
    this.#waiting = []
    // Under load some transaction is open whenever a flush ends, so that the log is cut here when it has grown long.
    this.#checkpointFrom(2 * CHECKPOINT_FRAMES)
    this.#flush(committed)
  }

  #flush(committed: Durable[]): void {
    this.#inFlight = true
    this.#flushing = committed
    fs.fdatasync(this.#walFd, (error) => this.#onFlushed(error))
  }

  #onFlushed(error: Error | null): void {
    const done = this.#flushing
    this.#flushing = []
    this.#inFlight = false
    if (error === null) {
      this.counts.flushes += 1
      this.counts.acknowledged += done.length
      for (const notify of done) notify(this.#failure)
    } else this.#fail(error, done)
    if (this.#failure === undefined) this.#checkpointFrom(CHECKPOINT_FRAMES)
    if (this.#open) this.#schedule()
    this.#settle()
  }

  #fail(error: Error, done: Durable[]): void {
    this.counts.failures += 1
    this.#failure = new CommandError('OutOfDiskSpace', `writes cannot be made durable: ${error.message}`)
    this.#failedAtMs = Date.now()
    for (const notify of done) notify(this.#failure)
  }

  #checkpointFrom(least: number): void {
    if (this.#open) return
    const frames = rowOf(this.#logFrames.get())?.[1]
    if (integerOf(frames) < least) return
    try {
      this.#db.exec('PRAGMA wal_checkpoint(PASSIVE)')
      this.counts.checkpoints += 1
    } catch (error) {
      // A full disk only means that the log stays long; anything else may have cost a flush, which is not to be trusted.
      this.counts.failures += 1
      if (!isDiskFull(error)) this.#fail(error instanceof Error ? error : new Error(String(error)), [])
    }
  }

  /**
   * After a failed flush the kernel may have dropped the pages and a second flush would report success for nothing.
   * A full checkpoint writes every page of the log again, into the database, and flushes that.
   */
  #recover(failure: CommandError): void {
    if (this.#inFlight || Date.now() - this.#failedAtMs < RECOVERY_PAUSE_MS) throw failure
    this.#failedAtMs = Date.now()
    try {
      this.#db.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch (error) {
      throw refusal(error)
    }
    this.#failure = undefined
  }

  #settle(): void {
    if (this.#open || this.#inFlight) return
    for (const resolve of this.#idle.splice(0)) resolve()
  }
}

function refusal(cause: unknown): CommandError {
  if (cause instanceof CommandError) return cause
  const text = cause instanceof Error ? cause.message : String(cause)
  return new CommandError('OutOfDiskSpace', `the write could not be stored: ${text}`)
}
