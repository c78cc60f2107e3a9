import fs from 'node:fs'
import process from 'node:process'
import { MongoClient } from 'mongodb'
import { afterEach, describe, expect, test } from 'vitest'
import { startChild, stopChild } from '../support/child-server.ts'
import { temporaryDirectory } from '../support/mongo.ts'

/** More for a long run: `SIGKILLS=200 pnpm test test/durability/sigkill.test.ts`. */
const KILLS = Number(process.env.SIGKILLS ?? 4)
const WRITERS = 16
const WRITES_BEFORE_KILL = 400

const dataDir = temporaryDirectory()
afterEach(() => fs.rmSync(dataDir, { recursive: true, force: true }))

interface Counter {
  _id: string
  n: number
  log: number[]
  name: string
}

describe('SIGKILL under load', () => {
  test(`loses no acknowledged write and leaves none half applied (${KILLS} kills)`, async () => {
    const acknowledged = new Map<string, number>()
    const inserted = new Set<string>()
    for (let kill = 0; kill <= KILLS; kill++) {
      const server = await startChild(dataDir)
      const client = new MongoClient(server.url, { maxPoolSize: WRITERS, serverSelectionTimeoutMS: 5000 })
      const counters = client.db('t').collection<Counter>('counters')
      const journal = client.db('t').collection<{ _id: string; round: number }>('journal')
      await counters.createIndex({ name: 1, n: -1 })

      const stored = new Map((await counters.find().toArray()).map((one) => [one._id, one]))
      for (const [id, n] of acknowledged) {
        const one = stored.get(id)
        expect(one?.n).toBeGreaterThanOrEqual(n)
        // One update changes the number, the list and the index together.
        expect(one?.log).toEqual(Array.from({ length: one?.n ?? 0 }, (_, i) => i + 1))
        const byIndex = await counters
          .find({ name: one?.name ?? '' })
          .sort({ n: -1 })
          .toArray()
        expect(byIndex.map(({ _id }) => _id)).toEqual([id])
      }
      const known = new Set((await journal.distinct('_id')).map(String))
      expect([...inserted].filter((id) => !known.has(id))).toEqual([])
      expect(await client.db('t').command({ validate: 'counters' })).toMatchObject({ valid: true })

      let writes = 0
      let isKilled = false
      const writer = async (number: number): Promise<void> => {
        const _id = `c${number}`
        for (let i = 0; !isKilled; i++) {
          const n = (stored.get(_id)?.n ?? 0) + i + 1
          await counters.updateOne(
            { _id },
            { $inc: { n: 1 }, $push: { log: n }, $set: { name: `name ${number}` } },
            { upsert: true },
          )
          acknowledged.set(_id, n)
          const entry = `${kill}-${number}-${i}`
          await journal.insertOne({ _id: entry, round: kill })
          inserted.add(entry)
          writes += 2
          if (writes >= WRITES_BEFORE_KILL && !isKilled) {
            isKilled = true
            server.child.kill('SIGKILL')
          }
        }
      }
      const running = Promise.allSettled(Array.from({ length: WRITERS }, (_, number) => writer(number)))
      await running
      await stopChild(server, 'SIGKILL')
      await client.close()
    }
  })
})
