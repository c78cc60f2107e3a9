import { connectDatabase, type Database } from '@tradewind/database/connection'
import { migrate } from '@tradewind/database/migrations'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrations } from '../src/store/migrations.ts'
import { createPaymentRepository } from '../src/store/payment.repository.ts'

let backends: Backends
let database: Database
beforeAll(async () => {
  backends = await startBackends()
  const name = backends.databaseName('payments')
  database = await connectDatabase({ url: backends.mongodbUrl, name, appName: 'test' })
})
afterAll(async () => {
  await database.close()
  await backends.stop()
})

const at = new Date('2026-01-02T03:04:05Z')
const old = (digit: string, status: string, wish: string, capturedMinor = 0, refundedMinor = 0) => ({
  _id: `pay_${digit}`,
  orderId: `ord_${digit}`,
  status,
  wish,
  amount: { amountMinor: 2500, currency: 'EUR' },
  method: 'pm_approve',
  capturedMinor,
  refundedMinor,
  ledger: [],
  version: 3,
  createdAt: at,
  updatedAt: at,
  writeId: digit,
  outbox: { seq: 0, published: 0, entries: [] },
})

test('payments from before there were parts get theirs, once', async () => {
  const { db } = database
  const now = () => at
  await migrate(db, migrations.slice(0, 1), now)
  await db
    .collection<{ _id: string }>('payments')
    .insertMany([
      old('1', 'authorizing', 'authorized'),
      old('2', 'authorized', 'authorized'),
      old('3', 'authorized', 'captured'),
      old('4', 'captured', 'captured', 2500),
      old('5', 'refunded', 'cancelled', 2500, 2500),
      old('6', 'voided', 'cancelled'),
      old('7', 'captured', 'cancelled', 2500),
    ])
  await db
    .collection<{ _id: string; state: string; updatedAt: Date; [field: string]: unknown }>('simulator_charges')
    .insertOne({
      _id: 'pay_4',
      state: 'captured',
      amountMinor: 2500,
      currency: 'EUR',
      method: 'pm_approve',
      captures: 1,
      refunds: 0,
      updatedAt: at,
    })
  await migrate(db, migrations, now)
  const payments = createPaymentRepository(db, now)
  const found = new Map(
    (await payments.list({ orderId: undefined, after: undefined, limit: 20 })).map((one) => [one.id, one]),
  )
  expect(found.get('pay_1')).toMatchObject({ authorization: 'none', intent: { kind: 'authorize' } })
  expect(found.get('pay_2')).toMatchObject({ authorization: 'held', captures: [], status: 'authorized' })
  expect(found.get('pay_3')).toMatchObject({ intent: { kind: 'capture', id: 'cap_3', amountMinor: 2500 } })
  expect(found.get('pay_4')).toMatchObject({ authorization: 'closed', captures: [{ id: 'cap_4', state: 'captured' }] })
  expect(found.get('pay_5')).toMatchObject({ status: 'refunded', refunds: [{ id: 'ref_5', state: 'succeeded' }] })
  expect(found.get('pay_6')).toMatchObject({ status: 'voided', isCancelled: true })
  expect(found.get('pay_7')).toMatchObject({ intent: { kind: 'refund', id: 'ref_7', amountMinor: 2500 } })
  expect(await db.collection('payments').countDocuments({ wish: { $exists: true } })).toBe(0)
  expect(await db.collection('simulator_charges').findOne()).toMatchObject({
    capturedMinor: 2500,
    capturedParts: [{ id: 'cap_4', amountMinor: 2500 }],
  })
  const before = await db.collection('payments').find().toArray()
  await migrations.at(-1)?.up(db)
  expect(await db.collection('payments').find().toArray()).toEqual(before)
})
