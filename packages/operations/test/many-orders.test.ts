import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { type Document, MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'

const count = 100_000
const atOnce = 2000
/** Enough for the command, not for the documents. */
const heapMegabytes = 96
const totalMinor = 2500
const stockId = 'MUG@berlin'

interface Stored extends Document {
  readonly _id: string
}

let backends: Backends
let client: MongoClient
let prefix: string
const collection = (service: string, name: string) => client.db(prefix + service).collection<Stored>(name)

const idOf = (kind: string, number: number) => `${kind}_${number.toString(16).padStart(32, '0')}`

/** Everything that a confirmed order has left in the databases. */
const documentsOf = (number: number): readonly (readonly [service: string, collection: string, document: Stored])[] => [
  [
    'orders',
    'orders',
    {
      _id: idOf('ord', number),
      status: 'confirmed',
      total: { amountMinor: totalMinor },
      customerId: idOf('usr', number % 1000),
      idempotencyKey: `key-${number}`,
      lines: [{ sku: 'MUG', quantity: 1 }],
    },
  ],
  [
    'inventory',
    'reservations',
    { _id: idOf('ord', number), status: 'committed', allocations: [{ sku: 'MUG', quantity: 1 }] },
  ],
  [
    'inventory',
    'movements',
    { _id: idOf('mov', number), stockId, sku: 'MUG', orderId: idOf('ord', number), delta: -1 },
  ],
  [
    'payments',
    'payments',
    {
      _id: idOf('pay', number),
      ledger: [
        { account: 'provider', reason: 'capture', amountMinor: totalMinor },
        { account: 'order', reason: 'capture', amountMinor: -totalMinor },
      ],
    },
  ],
  [
    'payments',
    'simulator_charges',
    {
      _id: idOf('pay', number),
      state: 'captured',
      amountMinor: totalMinor,
      capturedMinor: totalMinor,
      capturedParts: [{ id: 'cap', amountMinor: totalMinor }],
      refundedMinor: 0,
      refundedParts: [],
    },
  ],
  [
    'notifications',
    'notifications',
    { _id: idOf('ntf', number), orderId: idOf('ord', number), template: 'order-confirmed' },
  ],
]

beforeAll(async () => {
  backends = await startBackends()
  client = await MongoClient.connect(backends.mongodbUrl)
  prefix = `${backends.databaseName('many')}_`
  await collection('orders', 'orders').createIndex({ customerId: 1, idempotencyKey: 1 })
  await collection('inventory', 'movements').createIndexes([{ key: { stockId: 1, at: 1 } }, { key: { orderId: 1 } }])
  await collection('notifications', 'notifications').createIndex({ orderId: 1 })
  for (let from = 0; from < count; from += atOnce) {
    const all = Array.from({ length: atOnce }, (_, index) => documentsOf(from + index)).flat()
    const byCollection = Map.groupBy(all, ([service, name]) => collection(service, name).namespace)
    for (const some of byCollection.values()) {
      const [[service, name] = ['', '']] = some
      await collection(service, name).insertMany(some.map(([, , document]) => document))
    }
  }
  await collection('inventory', 'movements').insertOne({ _id: 'received', stockId, delta: count })
  const empty = { onHand: 0, available: 0, holds: [], movements: [] }
  await collection('inventory', 'stock').insertOne({ _id: stockId, ...empty })
}, 240_000)
afterAll(async () => {
  await client.close()
  await backends.stop()
})

/** The command in a process that could not hold all orders. */
function verify(): Promise<{ code: unknown; said: string }> {
  const env = {
    ...process.env,
    MONGODB_URL: backends.mongodbUrl,
    NATS_URL: '',
    NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}`,
  }
  const args = [join(import.meta.dirname, '../src/main.ts'), '--json', 'verify', '--prefix', prefix]
  return new Promise((resolve) => {
    execFile(process.execPath, args, { env, maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, said: (stdout + stderr).trim() })
    })
  })
}

test('all of many orders are looked at in little memory', async () => {
  const untold = Array.from({ length: 150 }, (_, index) => idOf('ntf', index + 1000))
  await collection('notifications', 'notifications').deleteMany({ _id: { $in: untold } })
  const [charged, twin] = [idOf('pay', count / 2), idOf('ord', count - 1)]
  await collection('payments', 'simulator_charges').updateOne({ _id: charged }, { $inc: { refundedMinor: 100 } })
  await collection('orders', 'orders').updateOne({ _id: twin }, { $set: { idempotencyKey: 'key-999' } })
  await collection('inventory', 'stock').updateOne({ _id: stockId }, { $inc: { available: 1, onHand: 1 } })
  const { code, said } = await verify()
  expect([code, JSON.parse(said)]).toMatchObject([2, { notShown: { I8: 50, I3: 2, I6: 1, I2: 1 } }])
  expect(JSON.parse(said).violations).toHaveLength(100)
}, 240_000)
