import { setTimeout as delay } from 'node:timers/promises'
import {
  type Db,
  MongoBulkWriteError,
  MongoClient,
  MongoNetworkError,
  MongoNotConnectedError,
  MongoServerSelectionError,
} from 'mongodb'

export interface DatabaseOptions {
  /** A `mongodb://` or `mongodb+srv://` connection string. */
  url: string
  /** The database's name; each service owns one. */
  name: string
  /** Shown in the server's log and profiler. */
  appName: string
}

export interface Database {
  readonly db: Db
  /** Answers when the server does, else throws. For health checks. */
  readonly ping: () => Promise<void>
  readonly close: () => Promise<void>
}

/** A write is acknowledged when a majority has it in its journal, or reported as failed after five seconds. */
const durable = { w: 'majority', journal: true, wtimeoutMS: 5000 } as const

/**
 * Connects to MongoDB. Decisions are made on primary reads and durable writes; a server that does not answer within
 * three seconds is an error, never a hang. A refused first connection is tried again for `startTimeoutMs`, because a
 * database that starts beside its services may be a moment late. Throws the driver's error when the time is up.
 */
export async function connectDatabase(options: DatabaseOptions, startTimeoutMs = 15_000): Promise<Database> {
  const client = new MongoClient(options.url, {
    appName: options.appName,
    writeConcern: durable,
    readPreference: 'primary',
    retryWrites: true,
    retryReads: true,
    ignoreUndefined: false,
    maxPoolSize: 16,
    serverSelectionTimeoutMS: 3000,
    connectTimeoutMS: 3000,
    socketTimeoutMS: 15_000,
    waitQueueTimeoutMS: 5000,
  })
  const giveUpAt = performance.now() + startTimeoutMs
  for (;;) {
    try {
      await client.connect()
      break
    } catch (error) {
      if (!isUnavailable(error) || performance.now() > giveUpAt) {
        await closed(client)
        throw error
      }
      await delay(200)
    }
  }
  const db = client.db(options.name)
  return {
    db,
    ping: async () => {
      await db.command({ ping: 1 }, { timeoutMS: 2000 })
    },
    close: () => closed(client),
  }
}

/** True for errors that say nothing about the request: the server is away or was, and trying again later is right. */
export function isUnavailable(error: unknown): boolean {
  // The driver wraps what happened to the connection of a bulk write.
  if (error instanceof MongoBulkWriteError) {
    return isUnavailable(error.errorResponse) || error.result.getWriteConcernError() !== undefined
  }
  return (
    error instanceof MongoNetworkError ||
    error instanceof MongoServerSelectionError ||
    error instanceof MongoNotConnectedError ||
    (error instanceof Error && (unavailableNames.has(error.name) || isOfConnection(error)))
  )
}

/** A write to a connection that breaks at this moment fails with the system's own error, which the driver hands on as it is. */
const isOfConnection = (error: Error): boolean => 'code' in error && connectionCodes.has(error.code)
const connectionCodes = new Set<unknown>(['ECONNRESET', 'ECONNREFUSED', 'EPIPE', 'ETIMEDOUT'])

const unavailableNames = new Set([
  'MongoPoolClearedError',
  'MongoPoolClearedOnNetworkError',
  'MongoPoolClosedError',
  'MongoWaitQueueTimeoutError',
  'MongoWriteConcernError',
  'MongoTopologyClosedError',
  'MongoOperationTimeoutError',
  'MongoClientClosedError',
])

const closeWithinMs = 2000

/** Closes a client. The driver waits for ever to end its sessions with a server that went away at this very moment. */
const closed = (client: MongoClient): Promise<void> =>
  Promise.race([client.close(), delay(closeWithinMs, undefined, { ref: false })])
