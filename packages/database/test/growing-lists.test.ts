import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createAggregateStore } from '../src/aggregate-store.ts'
import { connectDatabase, type Database } from '../src/connection.ts'
import { changed } from '../src/decision.ts'

interface Shelf {
  readonly id: string
  readonly holds: readonly { readonly order: number }[]
}

let backends: Backends
let database: Database
beforeAll(async () => {
  backends = await startBackends()
  database = await connectDatabase({
    url: backends.mongodbUrl,
    name: backends.databaseName('growing'),
    appName: 'test',
  })
})
afterAll(async () => {
  await database.close()
  await backends.stop()
})

const replica = () => createAggregateStore<Shelf>(database.db, 'shelves', { now: () => new Date() })

test('a list that grows, shrinks and changes in place is stored as it was decided, by two replicas at once', async () => {
  const [one, other] = [replica(), replica()]
  await one.insert({ id: 'shelf', holds: [] })
  const orders = Array.from({ length: 300 }, (_, order) => order)
  await Promise.all(
    orders.map((order) =>
      (order % 2 === 0 ? one : other).update('shelf', (shelf) => {
        const holds = [...shelf.holds, { order }]
        return changed({ ...shelf, holds: order % 50 === 0 ? holds.filter((hold) => hold.order % 3 !== 0) : holds })
      }),
    ),
  )
  await one.update('shelf', (shelf) => changed({ ...shelf, holds: [...shelf.holds.toReversed(), { order: -1 }] }))
  const known = await one.update('shelf', (shelf) => changed({ ...shelf, holds: [...shelf.holds, { order: -2 }] }))
  expect((await other.find('shelf'))?.holds).toEqual(known.holds)
  expect(known.holds.slice(-2)).toEqual([{ order: -1 }, { order: -2 }])
  expect(new Set(known.holds.map(({ order }) => order)).size).toBe(known.holds.length)
  expect(
    orders.filter((order) => order % 3 !== 0).every((order) => known.holds.some((hold) => hold.order === order)),
  ).toBe(true)
})
