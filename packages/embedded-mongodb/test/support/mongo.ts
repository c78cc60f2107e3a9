import { randomUUID } from 'node:crypto'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import process from 'node:process'
import { type Collection, type Db, type Document, MongoClient, MongoServerError, type ObjectId } from 'mongodb'
import { afterAll, beforeAll, expect } from 'vitest'
import { startEmbeddedMongodb } from '../../src/index.ts'

/** Set to run the conformance suite against a real server. */
export const REAL_SERVER = process.env.MONGODB_URL

/** A document of any shape; tests choose their own ids. */
export interface Row extends Document {
  _id?: string | number | ObjectId | object
}

export interface TestServer {
  client: MongoClient
  db: Db
  url: string
}

export function temporaryDirectory(): string {
  return fs.mkdtempSync(path.join(os.tmpdir(), 'embedded-mongodb-'))
}

async function connect(url: string): Promise<TestServer & { stop: () => Promise<void> }> {
  const client = new MongoClient(url)
  const db = client.db(`conformance_${randomUUID().slice(0, 8)}`)
  const stop = async (): Promise<void> => {
    await db.dropDatabase()
    await client.close()
  }
  return { client, db, url, stop }
}

async function start(): Promise<TestServer & { stop: () => Promise<void> }> {
  if (REAL_SERVER !== undefined) return connect(REAL_SERVER)
  const dataDir = temporaryDirectory()
  const server = await startEmbeddedMongodb({ dataDir })
  const connected = await connect(server.url)
  const stop = async (): Promise<void> => {
    await connected.client.close()
    await server.close()
    fs.rmSync(dataDir, { recursive: true, force: true })
  }
  return { ...connected, stop }
}

/** A server for the tests of one file; a new collection for each that asks. */
export function useServer(): { server: () => TestServer; collection: (name?: string) => Collection<Row> } {
  let running: Awaited<ReturnType<typeof start>> | undefined
  let made = 0
  beforeAll(async () => {
    running = await start()
  })
  afterAll(async () => {
    await running?.stop()
  })
  const server = (): TestServer => {
    if (running === undefined) throw new Error('the server is not started')
    return running
  }
  return { server, collection: (name = `c${made++}`) => server().db.collection<Row>(name) }
}

/** The error that an operation fails with. */
export async function failure(operation: Promise<unknown>): Promise<MongoServerError> {
  const error = await operation.then(
    () => undefined,
    (reason: unknown) => reason,
  )
  expect(error).toBeInstanceOf(MongoServerError)
  if (error instanceof MongoServerError) return error
  throw new Error('expected the server to refuse')
}

export async function codeOf(operation: Promise<unknown>): Promise<unknown> {
  return (await failure(operation)).code
}

export function idsOf(documents: readonly Document[]): unknown[] {
  return documents.map((document: Document): unknown => document._id)
}
