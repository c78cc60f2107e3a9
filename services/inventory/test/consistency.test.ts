import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import {
  addLocation,
  adjust,
  authorized,
  expectStockAddsUp,
  handle,
  operator,
  placed,
  shelvesOf,
  statusOf,
  stocked,
} from './shop.ts'

let backends: Backends
let inventory: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  inventory = await startInventory({ ...backends, database: backends.databaseName('inventory') })
  await addLocation(inventory, 'berlin', 1)
  await addLocation(inventory, 'lyon', 2)
})
afterAll(async () => {
  await inventory.stop()
  await backends.stop()
})

const url = '/v1/stock/consistency'

interface Page {
  readonly checked: number
  readonly violations: readonly { problem: string; stockId: string; documents: readonly unknown[] }[]
  readonly repaired: readonly { stockId: string; before: unknown; after: unknown }[]
  readonly notes: readonly { stockId: string; message: string }[]
  readonly nextCursor: string | null
}

/** Every page of the check. */
async function check(limit = 100): Promise<Page['violations']> {
  const found: Page['violations'][number][] = []
  for (let cursor = ''; ; ) {
    const { body } = await inventory.request('GET', `${url}?limit=${limit}${cursor}`, { as: operator })
    const page: Page = JSON.parse(JSON.stringify(body))
    found.push(...page.violations)
    if (page.nextCursor === null) return found
    cursor = `&cursor=${page.nextCursor}`
  }
}

const repair = async (action: string, dryRun = false, limit = 100) =>
  (await repairPages(action, dryRun, limit)).repaired

/** Every page of a repair. */
async function repairPages(action: string, dryRun = false, limit = 100): Promise<Pick<Page, 'repaired' | 'notes'>> {
  const repaired: Page['repaired'][number][] = []
  const notes: Page['notes'][number][] = []
  for (let cursor: string | null = null; ; ) {
    const body = { action, dryRun, limit, ...(cursor !== null && { cursor }) }
    const page: Page = JSON.parse(JSON.stringify((await inventory.request('POST', url, { as: operator, body })).body))
    repaired.push(...page.repaired)
    notes.push(...page.notes)
    if (page.nextCursor === null) return { repaired, notes }
    cursor = page.nextCursor
  }
}

/** A shelf with one unit sold and two held, its movements in the ledger. */
async function livedIn() {
  const sku = await stocked(inventory, { berlin: 6 })
  const [sold, held] = [newId('ord'), newId('ord')]
  await handle(inventory, placed(sold, { sku, quantity: 1 }))
  await handle(inventory, authorized(sold))
  await handle(inventory, placed(held, { sku, quantity: 2 }))
  inventory.clock.now = new Date(inventory.clock.now.getTime() + 1)
  await inventory.app.archiveMovements()
  return { sku, held, id: `${sku}@berlin` }
}

/** Lets up to nine units of a SKU be ordered that are not there. */
const mayWait = (sku: string) =>
  inventory.request('PUT', `/v1/stock/policies/${sku}`, {
    as: operator,
    body: { policy: 'backorder', limit: 9, locationId: 'berlin' },
  })

/** A shelf of one unit that was sold, with two orders of two that wait: one is paid. */
async function waitedFor() {
  const sku = await stocked(inventory, { berlin: 1 })
  await mayWait(sku)
  const [sold, held] = [newId('ord'), newId('ord')]
  await handle(inventory, placed(sold, { sku, quantity: 3 }))
  inventory.clock.now = new Date(inventory.clock.now.getTime() + 1)
  await handle(inventory, placed(held, { sku, quantity: 2 }))
  await handle(inventory, authorized(sold))
  inventory.clock.now = new Date(inventory.clock.now.getTime() + 1)
  await inventory.app.archiveMovements()
  return { sku, sold, held, id: `${sku}@berlin` }
}

const shelves = () => inventory.db.collection<{ _id: string }>('stock')
/** Does what no code does: changes a stock document past its version, as another writer of that version would. */
const damage = (id: string, change: object) =>
  shelves().updateOne({ _id: id }, { ...change, $inc: { version: 1, ...Object(change)['$inc'] } })

test('what lives and is right is found right, on pages of any size, and rebuilt as it is', async () => {
  for (let shelf = 0; shelf < 3; shelf += 1) await livedIn()
  expect(await check()).toEqual([])
  expect(await check(1)).toEqual([])
  expect(await repair('rebuild', false, 2)).toEqual([])
  expect(await repair('release-leaked-holds', false, 2)).toEqual([])
})

test('while orders come and go, nothing that is right looks wrong and nothing is repaired', async () => {
  const sku = await stocked(inventory, { berlin: 30, lyon: 30 })
  const orders = Array.from({ length: 40 }, () => newId('ord'))
  const selling = Promise.all(
    orders.map(async (id, index) => {
      await handle(inventory, placed(id, { sku, quantity: 1 }))
      if (index % 2 === 0) await handle(inventory, authorized(id))
      if (index % 5 === 0) await inventory.app.archiveMovements()
    }),
  )
  for (let round = 0; round < 5; round += 1) {
    expect(await check(5)).toEqual([])
    expect(await repair('rebuild')).toEqual([])
    expect(await repair('release-leaked-holds')).toEqual([])
  }
  await selling
  await expectStockAddsUp(inventory, sku)
})

describe('what is wrong is reported with the documents that show it, and repaired', () => {
  test('stock that differs from its movements', async () => {
    const { sku, id } = await livedIn()
    await damage(id, { $inc: { onHand: 4, available: 4 } })
    expect(await check()).toMatchObject([
      { stockId: id, problem: 'movements_differ', documents: [{ id, onHand: 9, available: 7 }] },
    ])
    const repaired = [{ stockId: id, before: { onHand: 9, available: 7 }, after: { onHand: 5, available: 3 } }]
    expect(await repair('rebuild', true)).toMatchObject(repaired)
    expect(await check()).toHaveLength(1)
    expect(await repair('rebuild')).toMatchObject(repaired)
    expect(await check()).toEqual([])
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 3 available, 2 held'])
  })

  test('stock that does not add up', async () => {
    const { id } = await livedIn()
    await damage(id, { $inc: { available: -1 } })
    expect(await check()).toMatchObject([{ stockId: id, problem: 'does_not_add_up' }])
    await repair('rebuild')
    expect(await check()).toEqual([])
  })

  test('stock that is gone', async () => {
    const { sku, id } = await livedIn()
    await shelves().deleteOne({ _id: id })
    expect(await check()).toMatchObject([
      { stockId: id, problem: 'stock_missing' },
      { stockId: id, problem: 'hold_missing' },
    ])
    expect(await repair('rebuild')).toMatchObject([{ stockId: id, before: null, after: { onHand: 5, available: 3 } }])
    expect(await check()).toEqual([])
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 3 available, 2 held'])
  })

  test('stock that is gone with those who wait there, in their order', async () => {
    const { sku, id, sold, held } = await waitedFor()
    await shelves().deleteOne({ _id: id })
    expect((await check()).map(({ problem }) => problem).toSorted()).toEqual([
      'hold_missing',
      'hold_missing',
      'stock_missing',
    ])
    const { repaired, notes } = await repairPages('rebuild')
    const backorders = [
      { orderId: sold, quantity: 2, isSold: true },
      { orderId: held, quantity: 2 },
    ]
    expect(repaired).toMatchObject([{ stockId: id, before: null, after: { onHand: 0, available: 0, backorders } }])
    expect(notes).toMatchObject([{ stockId: id, message: expect.stringContaining('set the threshold again') }])
    expect(await check()).toEqual([])
    expect((await adjust(inventory, { sku, locationId: 'berlin', delta: 3, reason: 'received' })).status).toBe(201)
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 1 on hand, 0 available, 1 held'])
    await handle(inventory, authorized(held))
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 0 on hand, 0 available, 0 held'])
    expect(await check()).toEqual([])
  })

  test('stock that is gone and that no movement tells of', async () => {
    const sku = await stocked(inventory, {})
    await mayWait(sku)
    const waiting = newId('ord')
    await handle(inventory, placed(waiting, { sku, quantity: 2 }))
    const id = `${sku}@berlin`
    await shelves().deleteOne({ _id: id })
    expect(await check()).toMatchObject([{ stockId: id, problem: 'hold_missing' }])
    const [repaired] = await repair('rebuild')
    expect(repaired).toMatchObject({ stockId: id, after: { backorders: [{ orderId: waiting, quantity: 2 }] } })
    expect(await check()).toEqual([])
  })

  test('stock that is gone while everything goes on: nothing begins it anew, and what was under way ends', async () => {
    const { sku, id, held } = await livedIn()
    await shelves().deleteOne({ _id: id })
    const refused = [
      await adjust(inventory, { sku, locationId: 'berlin', delta: 3, reason: 'received' }),
      await inventory.request('PUT', '/v1/stock/thresholds', {
        as: operator,
        body: { sku, locationId: 'berlin', threshold: 3 },
      }),
    ]
    for (const answer of refused) {
      expect(answer).toMatchObject({ status: 503, body: { code: 'INVENTORY_STOCK_LOST' } })
    }
    await expect(handle(inventory, authorized(held))).rejects.toMatchObject({ code: 'INVENTORY_STOCK_LOST' })
    expect(await statusOf(inventory, held)).toBe('committing')
    await repair('rebuild')
    await handle(inventory, authorized(held))
    expect([await statusOf(inventory, held), await shelvesOf(inventory, sku)]).toEqual([
      'committed',
      ['berlin: 3 on hand, 3 available, 0 held'],
    ])
    expect(await check()).toEqual([])
  })

  test('stock that was begun anew by somebody who did not know', async () => {
    const { sku, id } = await livedIn()
    const lost = await shelves().findOne({ _id: id })
    await shelves().deleteOne({ _id: id })
    const begunAnew = { version: 1, writeId: newId('write'), onHand: 0, available: 0, holds: [], movementCount: 0 }
    await shelves().insertOne(Object.assign({}, lost, begunAnew))
    expect((await check()).map(({ problem }) => problem)).toContain('stock_missing')
    await repair('rebuild')
    expect(await check()).toEqual([])
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 3 available, 2 held'])
  })

  test('a delivery that was lost before the ledger had it: orders go without, by name, until the shelf is counted', async () => {
    const { sku, id, held } = await livedIn()
    expect((await adjust(inventory, { sku, locationId: 'berlin', delta: 4, reason: 'received' })).status).toBe(201)
    const later = newId('ord')
    await handle(inventory, placed(later, { sku, quantity: 6 }))
    await shelves().deleteOne({ _id: id })
    const { repaired, notes } = await repairPages('rebuild')
    expect(repaired).toMatchObject([{ after: { onHand: 5, available: 3, holds: [{ orderId: held, quantity: 2 }] } }])
    expect(notes).toContainEqual({ stockId: id, message: expect.stringContaining(later) })
    await expect(handle(inventory, authorized(later))).rejects.toMatchObject({ code: 'INVENTORY_UNITS_MISSING' })
    const counted = await inventory.request('POST', '/v1/stock/counts', {
      as: operator,
      headers: { 'idempotency-key': newId('key') },
      body: { sku, locationId: 'berlin', counted: 9 },
    })
    expect(counted.status).toBe(201)
    expect((await repairPages('rebuild')).notes).toEqual([])
    await handle(inventory, authorized(later))
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 1 available, 2 held'])
    expect(await check()).toEqual([])
  })

  test('a hold whose reservation has ended, by hand and by the sweeper', async () => {
    for (const release of [() => repair('release-leaked-holds'), sweepEverything]) {
      const { sku, id } = await livedIn()
      const dead = newId('ord')
      await damage(id, { $push: { holds: { orderId: dead, quantity: 1, plan: 1 } }, $inc: { available: -1 } })
      expect(await check()).toMatchObject([{ stockId: id, problem: 'leaked_hold' }])
      await release()
      expect(await check()).toEqual([])
      expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 3 available, 2 held'])
    }
  })

  test('units that a reservation has and no shelf holds', async () => {
    const { id, held } = await livedIn()
    await damage(id, { $set: { holds: [] }, $inc: { available: 2 } })
    expect(await check()).toMatchObject([
      { stockId: id, problem: 'hold_missing', documents: [{ id: held, status: 'held' }, { id }] },
    ])
  })
})

/** The sweeper walks a page at a time; a few pages are the whole of this database. */
async function sweepEverything() {
  for (let page = 0; page < 3; page += 1) await inventory.app.sweepLeakedHolds()
}
