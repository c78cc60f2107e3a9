import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, expectStockAddsUp, operator, shelvesOf, stocked } from './shop.ts'
import { interceptWrites } from './writes.ts'

const { writes, wrap } = interceptWrites()
const moments = ['before', 'after'] as const

let backends: Backends
let inventory: InventoryUnderTest
/** Another process on the same database, with the same clock, that nothing happens to. */
let other: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const database = backends.databaseName('inventory')
  inventory = await startInventory({ ...backends, database, wrap })
  other = await startInventory({ ...backends, database, clock: inventory.clock })
  await addLocation(inventory, 'berlin', 1)
  await addLocation(inventory, 'lyon', 2)
})
afterAll(async () => {
  await other.stop()
  await inventory.stop()
  await backends.stop()
})

const transfer = (sku: string, key: string, quantity = 3) =>
  inventory.request('POST', '/v1/stock/transfers', {
    as: { ...operator, userId: 'usr_0123456789abcdef0123456789abcdef' },
    headers: { 'idempotency-key': key },
    body: { sku, fromLocationId: 'berlin', toLocationId: 'lyon', quantity },
  })

const later = (milliseconds: number) => {
  inventory.clock.now = new Date(inventory.clock.now.getTime() + milliseconds)
}
const sweep = async () => {
  later(31_000)
  await inventory.app.sweepTransfers()
}
const before = ['berlin: 5 on hand, 5 available, 0 held']
const moved = ['berlin: 2 on hand, 2 available, 0 held', 'lyon: 3 on hand, 3 available, 0 held']

/** A transfer in a process that dies at its n-th write. */
async function dyingTransfer(n: number, moment: 'before' | 'after') {
  const sku = await stocked(inventory, { berlin: 5 })
  const key = newId('key')
  await writes.revive()
  writes.dieAt(n, moment)
  await transfer(sku, key)
  return { sku, key, hasDied: await writes.revive() }
}

describe.each(moments)('a transfer whose process dies %s any of its writes', (moment) => {
  test('is carried on by the sweeper alone, and loses or doubles no unit', async () => {
    let points = 0
    for (;;) {
      const { sku, hasDied } = await dyingTransfer(points + 1, moment)
      await sweep()
      await expectStockAddsUp(inventory, sku)
      // Before the transfer itself was written there is nothing to carry on with.
      const isBegun = points > 1 || (points === 1 && moment === 'after')
      expect([points, await shelvesOf(inventory, sku)]).toEqual([points, isBegun || !hasDied ? moved : before])
      if (!hasDied) break
      points += 1
    }
    // The claim, the transfer, the first shelf, the transfer, a look whether the second was lost, that shelf, the transfer.
    expect(points).toBe(7)
  })

  test('is finished by whoever asks again with its key, and then only told of', async () => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const dying = await dyingTransfer(point, moment)
      hasDied = dying.hasDied
      const { sku, key } = dying
      expect(await transfer(sku, key)).toMatchObject({ status: 201, body: { quantity: 3, status: 'done' } })
      await sweep()
      const again = await transfer(sku, key)
      expect(again).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } })
      expect([point, await shelvesOf(inventory, sku)]).toEqual([point, moved])
      await expectStockAddsUp(inventory, sku)
    }
  })

  test('is found done also when its movements have long left the stock', async () => {
    for (let point = 1; point <= 7; point += 1) {
      const { sku, key } = await dyingTransfer(point, moment)
      for (const _time of [1, 2]) {
        later(16 * 60_000)
        await inventory.app.archiveMovements()
        expect((await adjust(inventory, { sku, locationId: 'berlin', delta: 1, reason: 'found' })).status).toBe(201)
      }
      await sweep()
      expect((await transfer(sku, key)).status).toBe(201)
      expect([point, await shelvesOf(inventory, sku)]).toEqual([
        point,
        ['berlin: 4 on hand, 4 available, 0 held', 'lyon: 3 on hand, 3 available, 0 held'],
      ])
      await expectStockAddsUp(inventory, sku)
    }
  })
})

test('a transfer that the shelf refused stays refused, also when units come afterwards', async () => {
  const sku = await stocked(inventory, { berlin: 5 })
  const key = newId('key')
  await writes.revive()
  const shelf = writes.pause(`${sku}@berlin`)
  const asked = transfer(sku, key)
  await shelf.reached
  // Another replica sells what was to be moved, between the first look and the shelf's own decision.
  expect((await adjust(other, { sku, locationId: 'berlin', delta: -4, reason: 'damaged' })).status).toBe(201)
  shelf.resume()
  expect(await asked).toMatchObject({ status: 409, body: { code: 'INVENTORY_NOT_ENOUGH_STOCK' } })
  expect((await adjust(other, { sku, locationId: 'berlin', delta: 9, reason: 'received' })).status).toBe(201)
  for (const _time of [1, 2]) {
    later(16 * 60_000)
    await inventory.app.archiveMovements()
    expect((await adjust(other, { sku, locationId: 'berlin', delta: 1, reason: 'found' })).status).toBe(201)
  }
  await sweep()
  expect((await transfer(sku, key)).status).toBe(409)
  expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 12 on hand, 12 available, 0 held'])
  await expectStockAddsUp(inventory, sku)
})

test('a process that was paused past what stocks remember does not take a second time', async () => {
  const sku = await stocked(inventory, { berlin: 9 })
  const key = newId('key')
  await writes.revive()
  const shelf = writes.pause(`${sku}@berlin`)
  const paused = transfer(sku, key)
  await shelf.reached
  // Another replica carries the transfer out while this one has looked into the ledger already.
  later(31_000)
  await other.app.sweepTransfers()
  for (const _time of [1, 2]) {
    later(16 * 60_000)
    await other.app.archiveMovements()
    expect((await adjust(other, { sku, locationId: 'berlin', delta: 1, reason: 'found' })).status).toBe(201)
  }
  shelf.resume()
  expect((await paused).status).toBe(503)
  expect(await shelvesOf(inventory, sku)).toEqual([
    'berlin: 8 on hand, 8 available, 0 held',
    'lyon: 3 on hand, 3 available, 0 held',
  ])
  await expectStockAddsUp(inventory, sku)
})
