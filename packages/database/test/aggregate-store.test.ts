import { defineEvent } from '@tradewind/contracts/event'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { Long, MongoClient } from 'mongodb'
import { Type } from 'typebox'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { AggregateNotFound, createAggregateStore, DuplicateKey } from '../src/aggregate-store.ts'
import { connectDatabase, type Database } from '../src/connection.ts'
import { announcedAgain, changed, unchanged } from '../src/decision.ts'
import { type Announcement, outboxIndex } from '../src/outbox.ts'

interface Counter {
  readonly id: string
  readonly value: number
  readonly label?: string
}

const Counted = defineEvent('tests.counter.counted.v1', Type.Object({ value: Type.Integer() }))
const now = () => new Date()

type Store = ReturnType<typeof replica>

let backends: Backends
let database: Database
beforeAll(async () => {
  backends = await startBackends()
  const name = backends.databaseName('aggregates')
  database = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'test' })
})
afterAll(async () => {
  await database.close()
  await backends.stop()
})

let collections = 0
let collectionName: string
beforeEach(async () => {
  collections += 1
  collectionName = `counters_${collections}`
  await database.db.collection(collectionName).createIndex(outboxIndex.key, { name: 'outbox', sparse: true })
})

/** Each call is a replica of its own: nothing is shared but the database. */
const replica = () => createAggregateStore<Counter>(database.db, collectionName, { now })
const increment = (counter: Counter) => changed({ ...counter, value: counter.value + 1 })

describe('insert', () => {
  test('writes state and events in one document', async () => {
    const store = replica()
    const saved = await store.insert({ id: 'a', value: 1 }, Counted.create('evt_1', { value: 1 }))
    expect(saved).toMatchObject({ id: 'a', value: 1, version: 1 })
    const document = await store.collection.findOne({ _id: 'a' })
    expect(document).toMatchObject({
      value: 1,
      outbox: {
        seq: 1,
        published: 0,
        entries: [{ seq: 1, id: 'evt_1', type: 'tests.counter.counted.v1', data: { value: 1 } }],
      },
    })
  })

  test('refuses an id that is taken, also from another replica', async () => {
    await replica().insert({ id: 'a', value: 1 })
    await expect(replica().insert({ id: 'a', value: 2 })).rejects.toSatisfy(DuplicateKey.is)
    expect(await replica().find('a')).toMatchObject({ value: 1 })
  })

  test('refuses a unique field that is taken and names the index', async () => {
    await database.db.collection(collectionName).createIndex({ label: 1 }, { unique: true, name: 'label' })
    const store = replica()
    const results = await Promise.allSettled([
      store.insert({ id: 'a', value: 1, label: 'same' }),
      store.insert({ id: 'b', value: 2, label: 'same' }),
      store.insert({ id: 'c', value: 3, label: 'other' }),
    ])
    expect(results.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'fulfilled', 'rejected'])
    const refused = results.find((result) => result.status === 'rejected')
    expect(refused?.reason).toMatchObject({ code: 'DATABASE_DUPLICATE_KEY', details: { index: 'label' } })
  })

  test('keeps integers above 32 bits integers', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 900_000_000_000 })
    await store.update('a', (counter) => changed({ ...counter, value: counter.value + 1 }))
    const raw = await database.db
      .collection(collectionName)
      .findOne({ value: { $type: 'long' } }, { promoteLongs: false })
    expect(raw?.['value']).toEqual(Long.fromNumber(900_000_000_001))
    expect(await store.find('a')).toMatchObject({ value: 900_000_000_001 })
  })
})

describe('update', () => {
  test('loses nothing when many callers on two replicas change one aggregate at once', async () => {
    await replica().insert({ id: 'hot', value: 0 })
    const replicas = [replica(), replica()]
    const calls = replicas.flatMap((store) => Array.from({ length: 150 }, () => store.update('hot', increment)))
    await Promise.all(calls)
    expect(await replica().find('hot')).toMatchObject({ value: 300, version: 301 })
  })

  test('shares writes between callers of one aggregate', async () => {
    const client = new MongoClient(backends.mongodbUrl, { monitorCommands: true })
    try {
      const store = createAggregateStore<Counter>(client.db(database.db.databaseName), collectionName, { now })
      await store.insert({ id: 'hot', value: 0 })
      let writes = 0
      client.on('commandStarted', ({ commandName }) => (writes += commandName === 'update' ? 1 : 0))
      await Promise.all(Array.from({ length: 200 }, () => store.update('hot', increment)))
      expect(await store.find('hot')).toMatchObject({ value: 200, version: 201 })
      expect(writes).toBeLessThan(5)
    } finally {
      await client.close()
    }
  })

  test('gives each caller the state after its own decision', async () => {
    const store = replica()
    await store.insert({ id: 'hot', value: 0 })
    const values = await Promise.all(Array.from({ length: 20 }, () => store.update('hot', increment)))
    expect(values.map(({ value }) => value)).toEqual(Array.from({ length: 20 }, (_, index) => index + 1))
  })

  test('never answers from an outdated copy in memory', async () => {
    const [first, second] = [replica(), replica()]
    await first.insert({ id: 'a', value: 1 })
    await second.update('a', increment)
    const seen = await first.update('a', () => unchanged())
    expect(seen.value).toBe(2)
    await second.update('a', increment)
    const refuse = first.update('a', ({ value }) => {
      throw new Error(`refused at ${value}`)
    })
    await expect(refuse).rejects.toThrow('refused at 3')
  })

  test('writes nothing when nothing changes', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 })
    const before = await store.collection.findOne({ _id: 'a' })
    await store.update('a', () => unchanged())
    expect(await store.collection.findOne({ _id: 'a' })).toEqual(before)
  })

  test('lets one refused decision pass by without harming its neighbours', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 0 })
    const results = await Promise.allSettled([
      store.update('a', increment),
      store.update('a', () => {
        throw new Error('no')
      }),
      store.update('a', increment),
    ])
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect(await store.find('a')).toMatchObject({ value: 2 })
  })

  test('drops a field that the next state does not have', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 0, label: 'x' })
    await store.update('a', ({ id, value }) => changed({ id, value }))
    expect(await replica().find('a')).not.toHaveProperty('label')
  })

  test('takes over a document that an earlier version wrote, before it was an aggregate', async () => {
    const raw = database.db.collection<{ _id: string; value: number }>(collectionName)
    await raw.insertOne({ _id: 'a', value: 1 })
    const store = replica()
    await store.update('a', (counter) => changed({ ...counter, value: 2 }, Counted.create('evt_1', { value: 2 })))
    await store.update('a', (counter) => changed({ ...counter, value: 3 }, Counted.create('evt_2', { value: 3 })))
    expect(await replica().find('a')).toMatchObject({ value: 3, version: 2 })
    const [pending] = await store.outbox.pending(new Date(Date.now() + 1000), 10)
    expect(pending?.entries.map(({ id, seq }) => [id, seq])).toEqual([
      ['evt_1', 1],
      ['evt_2', 2],
    ])
  })

  test('does not take a document that was lost and begun again for the one that it has in memory', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 10, label: 'of before' })
    const raw = database.db.collection<{ _id: string }>(collectionName)
    await raw.deleteOne({ _id: 'a' })
    await replica().insert({ id: 'a', value: 0 })
    expect(await store.update('a', increment)).toMatchObject({ value: 1, version: 2 })
    expect(await replica().find('a')).not.toHaveProperty('label')
  })

  test('reports an aggregate that does not exist', async () => {
    await expect(replica().update('nobody', increment)).rejects.toSatisfy(AggregateNotFound.is)
  })

  test('creates an aggregate once when two replicas upsert it at the same time', async () => {
    const create = (found: Counter | undefined) =>
      found === undefined ? changed({ id: 'a', value: 1 }) : changed({ ...found, value: found.value + 1 })
    await Promise.all([replica().upsert('a', create), replica().upsert('a', create), replica().upsert('a', create)])
    expect(await replica().find('a')).toMatchObject({ value: 3, version: 3 })
  })
})

describe('outbox', () => {
  const countedTo = (value: number) => Counted.create(`evt_${value}`, { value })
  const announcing = (store: ReturnType<typeof replica>) => {
    const heard: Announcement[] = []
    store.outbox.onAnnouncement((announcement) => heard.push(announcement))
    return heard
  }
  const later = () => new Date(Date.now() + 1000)

  test('announces new entries after the write, in order', async () => {
    const store = replica()
    const heard = announcing(store)
    await store.insert({ id: 'a', value: 1 }, countedTo(1))
    await store.update('a', (counter) => changed({ ...counter, value: 3 }, countedTo(2), countedTo(3)))
    expect(heard.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(['evt_1', 'evt_2', 'evt_3'])
  })

  test('keeps entries that were never marked, for a relay that starts after a crash', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1))
    const pending = await replica().outbox.pending(later(), 10)
    expect(pending).toMatchObject([{ aggregateId: 'a', entries: [{ id: 'evt_1' }] }])
  })

  test('forgets nothing that came after the mark', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1))
    store.outbox.markPublished('a', 1, 1)
    await replica().update('a', (counter) => changed({ ...counter, value: 2 }, countedTo(2)))
    await store.outbox.flush()
    const pending = await replica().outbox.pending(later(), 10)
    expect(pending.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(['evt_2'])
  })

  test('knows since when its oldest entry has waited', async () => {
    const store = replica()
    expect(await store.outbox.oldestPendingAt()).toBeUndefined()
    const { createdAt } = await store.insert({ id: 'a', value: 1 }, countedTo(1))
    await store.insert({ id: 'b', value: 1 }, countedTo(2))
    expect(await replica().outbox.oldestPendingAt()).toEqual(createdAt)
  })

  test('marks nothing behind a gap', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1), countedTo(2), countedTo(3))
    store.outbox.markPublished('a', 1, 1)
    store.outbox.markPublished('a', 3, 3)
    await store.outbox.flush()
    const pending = await replica().outbox.pending(later(), 10)
    expect(pending.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(['evt_2', 'evt_3'])
  })

  test('is empty once everything is marked, and still holds the entries', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1), countedTo(2))
    store.outbox.markPublished('a', 1, 2)
    await store.outbox.flush()
    expect(await replica().outbox.pending(later(), 10)).toEqual([])
    expect((await store.collection.findOne({ _id: 'a' }))?.outbox.entries).toHaveLength(2)
  })

  test('waits as a whole again when the broker lost it, and is empty once it went out', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1), countedTo(2))
    store.outbox.markPublished('a', 1, 2)
    await store.outbox.flush()
    const at = now()
    await store.outbox.replay(new Date(at.getTime() - 60_000), at)
    const pending = await replica().outbox.pending(later(), 10)
    expect(pending.flatMap(({ entries }) => entries.map(({ id }) => id))).toEqual(['evt_1', 'evt_2'])
    store.outbox.markPublished('a', 1, 2)
    await store.outbox.flush()
    expect(await replica().outbox.pending(later(), 10)).toEqual([])
    await store.outbox.replay(later(), at)
    expect(await replica().outbox.pending(later(), 10)).toEqual([])
  })

  test.each([
    ['is only noted', () => Promise.resolve()],
    ['is being written', (store: Store) => store.outbox.flush()],
  ])('waits again when the broker lost it though its mark %s', async (_, flush) => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1))
    store.outbox.markPublished('a', 1, 1)
    const flushing = flush(store)
    const at = now()
    await store.outbox.replay(new Date(at.getTime() - 60_000), at)
    await flushing
    await store.outbox.flush()
    expect((await replica().outbox.pending(later(), 10)).map(({ aggregateId }) => aggregateId)).toEqual(['a'])
  })

  test('remembers where the broker had its last event', async () => {
    const publication = { eventId: 'evt_7', streamSequence: 12 }
    await replica().outbox.publications.remember(publication)
    expect(await replica().outbox.publications.last()).toMatchObject(publication)
  })

  test('sends the latest event of a type again when a decision asks for it', async () => {
    const store = replica()
    await store.insert({ id: 'a', value: 1 }, countedTo(1), countedTo(2))
    const heard = announcing(store)
    await store.update('a', () => announcedAgain('tests.counter.counted.v1', 'tests.counter.unheard.v1'))
    expect(heard).toMatchObject([{ repeated: true, entries: [{ id: 'evt_2' }] }])
  })

  test('says again the one of several events of a type that is asked for', async () => {
    const store = replica()
    const heard: Announcement[] = []
    await store.insert({ id: 'a', value: 1 }, Counted.create('evt_1', { value: 1 }))
    await store.update('a', (state) => changed({ ...state, value: 2 }, Counted.create('evt_2', { value: 2 })))
    store.outbox.onAnnouncement((announcement) => heard.push(announcement))
    const type = Counted.type
    await store.update('a', () => announcedAgain({ type, having: { value: 1 } }, { type, having: { value: 3 } }))
    expect(heard).toMatchObject([{ repeated: true, entries: [{ id: 'evt_1' }] }])
    await store.update('a', () => announcedAgain({ type, having: { label: undefined } }))
    expect(heard.at(-1)).toMatchObject({ entries: [{ id: 'evt_2' }] })
  })
})
