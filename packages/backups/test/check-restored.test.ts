import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { checkRestored } from '../src/check-restored.ts'

let backends: Backends
let client: MongoClient
let prefix: string
const collection = (service: string, name: string) => client.db(prefix + service).collection<{ _id: string }>(name)
beforeAll(async () => {
  backends = await startBackends()
  client = await MongoClient.connect(backends.mongodbUrl)
})
afterAll(async () => {
  await client.close()
  await backends.stop()
})
beforeEach(async () => {
  prefix = `${backends.databaseName('backup')}_`
  for (const service of ['auth', 'inventory', 'orders', 'payments', 'notifications'])
    await collection(service, 'migrations').insertOne({ _id: '0001-indexes' })
})

const pending = { _id: 'ord_1', status: 'pending', dueAt: new Date(), lines: [], total: { amountMinor: 500 } }
const check = () => checkRestored(backends.mongodbUrl, prefix)

test('orders under way are no fault of a backup', async () => {
  await collection('orders', 'orders').insertOne(pending)
  expect(await check()).toMatchObject({ orders: 1, underWay: 1, violations: [] })
})

test('stock that does not add up is', async () => {
  await collection('orders', 'orders').insertOne(pending)
  const stock = { _id: 'mug@berlin', onHand: 3, available: 2, holds: [], movements: [{ id: 'mov_1', delta: 3 }] }
  await collection('inventory', 'stock').insertOne(stock)
  const { violations } = await check()
  expect(violations.map(({ message }) => message)).toEqual(['mug@berlin: available 2 + held 0 ≠ on hand 3'])
})

test('a database that is not there is', async () => {
  await client.db(`${prefix}payments`).dropDatabase()
  await expect(check()).rejects.toThrow(`the backup has no database ${prefix}payments`)
})
