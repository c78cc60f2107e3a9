import { connect } from 'node:net'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, it } from 'vitest'

let backends: Backends
beforeAll(async () => {
  backends = await startBackends()
})
afterAll(() => backends.stop())

it('gives a database that the official driver writes to and reads from', async () => {
  const client = await MongoClient.connect(backends.mongodbUrl)
  const items = client.db(backends.databaseName('testkit')).collection<{ _id: string; count: number }>('items')
  await items.insertOne({ _id: 'one', count: 1 })
  expect(await items.findOne({ _id: 'one' })).toEqual({ _id: 'one', count: 1 })
  await client.close()
})

it('gives a broker with JetStream', async () => {
  const { hostname, port } = new URL(backends.natsUrl)
  const greeting = await new Promise<string>((resolve, reject) => {
    const socket = connect(Number(port), hostname)
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
  })
  expect(greeting).toMatch(/^INFO .*"jetstream":true/)
})

it('names databases so that nobody shares one by accident', () => {
  expect(backends.databaseName('orders')).toMatch(/^orders_[0-9a-f]{12}$/)
  expect(backends.databaseName('orders')).not.toBe(backends.databaseName('orders'))
})
