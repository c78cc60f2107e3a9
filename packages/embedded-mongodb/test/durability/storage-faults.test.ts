import fs from 'node:fs'
import path from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { MongoClient } from 'mongodb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { Doc } from '../../src/bson/values.ts'
import { insertDocument } from '../../src/commands/insert.ts'
import type { CommandError } from '../../src/errors.ts'
import { DataDirectoryError, startEmbeddedMongodb } from '../../src/index.ts'
import { Instance } from '../../src/instance.ts'
import { failure, temporaryDirectory } from '../support/mongo.ts'

const SILENT = { info: () => undefined, warn: () => undefined, error: () => undefined }

let dataDir = ''
beforeEach(() => {
  dataDir = temporaryDirectory()
})
afterEach(() => {
  vi.restoreAllMocks()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

async function withClient<T>(use: (client: MongoClient) => Promise<T>): Promise<T> {
  const server = await startEmbeddedMongodb({ dataDir })
  const client = new MongoClient(server.url)
  try {
    return await use(client)
  } finally {
    await client.close()
    await server.close()
  }
}

describe('the data directory', () => {
  test('is used by one server at a time, and said so by name', async () => {
    await withClient(async () => {
      const second = startEmbeddedMongodb({ dataDir })
      await expect(second).rejects.toThrow(DataDirectoryError)
      await expect(startEmbeddedMongodb({ dataDir })).rejects.toThrow(
        `data directory ${dataDir} is in use by another process`,
      )
    })
  })

  test('keeps everything between two runs', async () => {
    await withClient(async (client) => {
      const collection = client.db('t').collection('x')
      await collection.insertMany(Array.from({ length: 1000 }, (_, i) => ({ i })))
      await collection.createIndex({ i: 1 }, { unique: true })
    })
    await withClient(async (client) => {
      const collection = client.db('t').collection('x')
      expect(await collection.countDocuments()).toBe(1000)
      expect(await collection.indexes()).toHaveLength(2)
      expect((await failure(collection.insertOne({ i: 5 }))).code).toBe(11000)
    })
  })
})

describe('a damaged file', () => {
  test('is named when it is no database at all', async () => {
    const file = path.join(dataDir, 'tradewind.db')
    fs.writeFileSync(file, Buffer.alloc(8192, 'nonsense '))
    await expect(startEmbeddedMongodb({ dataDir })).rejects.toThrow(`database file ${file} is damaged`)
  })

  test('is named when a document does not match its checksum', async () => {
    await withClient(async (client) => {
      await client.db('t').collection('x').insertOne({ text: 'unmistakable' })
    })
    const file = path.join(dataDir, 'tradewind.db')
    const bytes = fs.readFileSync(file)
    const at = bytes.indexOf('unmistakable')
    expect(at).toBeGreaterThan(0)
    bytes.write('X', at)
    fs.writeFileSync(file, bytes)
    await withClient(async (client) => {
      const error = await failure(client.db('t').collection('x').find().toArray())
      expect(error).toMatchObject({ code: 10338 })
      expect(error.message).toContain(`database file ${file} is damaged`)
    })
  })
})

function store(instance: Instance, id: number | string, text = ''): Promise<CommandError | undefined> {
  const doc = Doc.from({ _id: id, text })
  insertDocument(instance.catalog.getOrCreate('t', 'x'), doc, doc)
  return new Promise((resolve) => {
    instance.commit.whenDurable(resolve)
  })
}

describe('a full disk', () => {
  test('refuses writes, loses nothing, and goes on when there is room', async () => {
    const instance = new Instance(dataDir, SILENT)
    const { db } = instance.file
    expect(await store(instance, 1)).toBeUndefined()
    db.exec('PRAGMA max_page_count = 40')
    let refused: CommandError | undefined
    let stored = 1
    for (let id = 2; id < 100 && refused === undefined; id++) {
      try {
        refused = await store(instance, id, 'x'.repeat(10_000))
      } catch (error) {
        refused = instance.explainFailure(error, true)
      }
      if (refused === undefined) stored = id
    }
    expect(refused?.code).toBe(14031)
    expect(stored).toBeGreaterThan(1)
    expect(instance.catalog.get('t', 'x')?.totals().count).toBe(stored)
    db.exec('PRAGMA max_page_count = 100000')
    expect(await store(instance, 1000, 'x'.repeat(10_000))).toBeUndefined()
    expect(instance.catalog.get('t', 'x')?.readById(stored)).toBeDefined()
    await instance.close()
  })
})

test('what a full disk refused is not read from memory either', async () => {
  const instance = new Instance(dataDir, SILENT)
  expect(await store(instance, 'first')).toBeUndefined()
  instance.file.db.exec('PRAGMA max_page_count = 40')
  const written: string[] = []
  let refused: CommandError | undefined
  for (let n = 0; n < 100 && refused === undefined; n++) {
    // Two share a transaction, so that the second takes the first with it.
    const ids = [`a${n}`, `b${n}`]
    const results = await Promise.all(
      ids.map(async (id) => {
        try {
          return await store(instance, id, id.startsWith('b') ? 'x'.repeat(10_000) : '')
        } catch (error) {
          return instance.explainFailure(error, true)
        }
      }),
    )
    refused = results.find((result) => result !== undefined)
    ids.forEach((id, i) => {
      expect(instance.catalog.get('t', 'x')?.readById(id) !== undefined).toBe(results[i] === undefined)
      if (results[i] === undefined) written.push(id)
    })
  }
  expect(refused?.code).toBe(14031)
  expect(written.length).toBeGreaterThan(0)
  await instance.close()
})

describe('a failed flush', () => {
  test('is never acknowledged, and writes are refused until a checkpoint has made good for it', async () => {
    const instance = new Instance(dataDir, SILENT)
    expect(await store(instance, 1)).toBeUndefined()
    const broken = vi.spyOn(fs, 'fdatasync').mockImplementation((_, callback) => {
      setImmediate(() => callback(Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })))
    })
    expect((await store(instance, 2))?.message).toContain('EIO')
    broken.mockRestore()
    expect(() => store(instance, 3)).toThrow('writes cannot be made durable')
    await expect
      .poll(async () => store(instance, 4).catch(() => 'refused'), { timeout: 5000, interval: 100 })
      .toBeUndefined()
    expect(instance.commit.counts.failures).toBe(1)
    await instance.close()
  })
})

describe('group commit', () => {
  test('shares flushes among writers that wait at the same time', async () => {
    await withClient(async (client) => {
      const collection = client.db('t').collection('x')
      await collection.insertOne({})
      const durability = async (): Promise<{ flushes: number; acknowledgedWrites: number }> =>
        (await client.db('admin').command({ serverStatus: 1 })).durability
      const before = await durability()
      for (let round = 0; round < 5; round++)
        await Promise.all(Array.from({ length: 100 }, () => collection.insertOne({})))
      const after = await durability()
      expect(after.acknowledgedWrites - before.acknowledgedWrites).toBe(500)
      expect(after.flushes - before.flushes).toBeLessThan(250)
    })
  })
})

describe('backup and restore', () => {
  test('work while the server does', async () => {
    const file = path.join(dataDir, 'copy.backup')
    await withClient(async (client) => {
      const collection = client.db('t').collection('x')
      await collection.createIndex({ n: 1 })
      await collection.insertMany(Array.from({ length: 5000 }, (_, n) => ({ n, pad: 'x'.repeat(100) })))
      let isDone = false
      const writing = (async () => {
        let n = 5000
        while (!isDone) await collection.insertOne({ n: n++ })
        return n
      })()
      const reply = await client.db('admin').command({ backup: file })
      isDone = true
      expect(reply.bytes).toBeGreaterThan(100_000)
      await writing
      await collection.deleteMany({})
      await client.db('other').collection('y').insertOne({})
      expect(await client.db('admin').command({ restore: file })).toMatchObject({ ok: 1, collections: 1 })
      expect(await collection.countDocuments()).toBeGreaterThanOrEqual(5000)
      expect(await client.db('other').collection('y').countDocuments()).toBe(0)
      expect(await client.db('t').command({ validate: 'x' })).toMatchObject({ valid: true })
    })
    await withClient(async (client) => {
      expect(await client.db('t').collection('x').find({ n: 4999 }).toArray()).toHaveLength(1)
    })
  })

  test('a damaged backup is refused and changes nothing', async () => {
    const file = path.join(dataDir, 'copy.backup')
    await withClient(async (client) => {
      await client.db('t').collection('x').insertOne({ text: 'unmistakable' })
      await client.db('admin').command({ backup: file })
      const database = new DatabaseSync(file)
      database.exec('UPDATE c_1 SET crc = crc + 1')
      database.close()
      const error = await failure(client.db('admin').command({ restore: file }))
      expect(error).toMatchObject({ code: 10338 })
      expect(await client.db('t').collection('x').countDocuments()).toBe(1)
    })
  })
})
