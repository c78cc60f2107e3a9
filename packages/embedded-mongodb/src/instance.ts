import fs from 'node:fs'
import { Cursors } from './commands/cursors.ts'
import { CommandError } from './errors.ts'
import { DEFAULT_PARAMETERS } from './parameters.ts'
import { Catalog } from './storage/catalog.ts'
import { GroupCommit } from './storage/group-commit.ts'
import { isCorruption, openSqliteFile, type SqliteFile, sqliteCode } from './storage/sqlite-file.ts'

/** What is logged goes here; a `console` or a pino logger fits. */
export interface Logger {
  info(message: string): void
  warn(message: string): void
  error(message: string): void
}

/** One open database with everything that commands share. */
export class Instance {
  readonly file: SqliteFile
  readonly commit: GroupCommit
  readonly catalog: Catalog
  readonly cursors = new Cursors()
  readonly startedAt = Date.now()
  readonly logger: Logger
  readonly opcounters = { insert: 0, query: 0, update: 0, delete: 0, getmore: 0, command: 0 }
  readonly documents = { inserted: 0, updated: 0, deleted: 0 }
  readonly network = { bytesIn: 0, bytesOut: 0, numRequests: 0 }
  readonly connections = { current: 0, totalCreated: 0 }
  readonly parameters = { ...DEFAULT_PARAMETERS }
  readonly ttl = { passes: 0, deletedDocuments: 0 }
  port = 0
  readonly dataDir: string

  constructor(dataDir: string, logger: Logger) {
    this.logger = logger
    this.dataDir = dataDir
    this.file = openSqliteFile(dataDir)
    this.commit = new GroupCommit(this.file, () => this.catalog.reload())
    this.catalog = new Catalog(this.file.db, () => this.commit.beginWrite())
  }

  /** Turns what storage threw into an error for the client; a failed write takes its whole transaction with it. */
  explainFailure(error: unknown, writes: boolean): CommandError {
    if (error instanceof CommandError) return error
    if (isCorruption(error)) {
      this.logger.error(`database file ${this.file.file} is damaged: ${String(error)}`)
      if (writes) this.commit.abort(error)
      return new CommandError('DataCorruptionDetected', `database file ${this.file.file} is damaged: ${String(error)}`)
    }
    if (sqliteCode(error) !== undefined) return writes ? this.commit.abort(error) : storageError(error)
    this.logger.error(error instanceof Error ? (error.stack ?? error.message) : String(error))
    if (writes && this.file.db.isTransaction) this.commit.abort(error)
    return new CommandError('InternalError', error instanceof Error ? error.message : String(error))
  }

  async close(): Promise<void> {
    await this.commit.drain()
    fs.closeSync(this.file.walFd)
    this.file.db.close()
  }
}

function storageError(error: unknown): CommandError {
  if (error instanceof Error && error.message.includes('no such table')) {
    return new CommandError('QueryPlanKilled', 'collection or index dropped while the query was running')
  }
  return new CommandError('InternalError', error instanceof Error ? error.message : String(error))
}
