import type { DomainEvent } from '@tradewind/contracts/event'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdMs, type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import {
  addLocation,
  authorized,
  cancelled,
  expectStockAddsUp,
  handle,
  placed,
  shelvesOf,
  statusOf,
  stocked,
  unitsReturned,
} from './shop.ts'
import { Crash, interceptWrites } from './writes.ts'

const { writes, wrap } = interceptWrites()
const moments = ['before', 'after'] as const

let backends: Backends
let inventory: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  inventory = await startInventory({ ...backends, database: backends.databaseName('inventory'), wrap })
  await addLocation(inventory, 'berlin', 1)
  await addLocation(inventory, 'lyon', 2)
})
afterAll(async () => {
  await inventory.stop()
  await backends.stop()
})

/** Handles an event in a process that dies at its n-th write. True when it did die there. */
async function handleAndDie(event: DomainEvent, n: number, moment: 'before' | 'after'): Promise<boolean> {
  writes.dieAt(n, moment)
  try {
    await handle(inventory, event)
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
  return await writes.revive()
}

/** An order of two products, one of them from two locations, and the events of its life. */
async function newOrder() {
  const skus = [await stocked(inventory, { berlin: 3 }), await stocked(inventory, { berlin: 1, lyon: 4 })]
  const [mug = '', pen = ''] = skus
  const orderId = newId('ord')
  return {
    orderId,
    skus,
    events: {
      placed: placed(orderId, { sku: mug, quantity: 2 }, { sku: pen, quantity: 5 }),
      authorized: authorized(orderId),
      cancelled: cancelled(orderId),
      returned: unitsReturned(orderId, newId('rst'), { sku: mug, quantity: 1 }, { sku: pen, quantity: 3 }),
      returnedMore: unitsReturned(orderId, newId('rst'), { sku: pen, quantity: 9 }),
    },
  }
}

async function stateOf({ orderId, skus }: { orderId: string; skus: readonly string[] }) {
  await expectStockAddsUp(inventory, ...skus)
  return {
    status: await statusOf(inventory, orderId),
    shelves: await Promise.all(skus.map((sku) => shelvesOf(inventory, sku))),
  }
}

type Step = keyof Awaited<ReturnType<typeof newOrder>>['events']

async function live(...steps: readonly Step[]) {
  const order = await newOrder()
  for (const step of steps) await handle(inventory, order.events[step])
  return stateOf(order)
}

describe('a crash at any write, before it or after it, and the event again: as if nothing had happened', () => {
  const lives: readonly (readonly Step[])[] = [
    ['placed'],
    ['placed', 'authorized'],
    ['placed', 'cancelled'],
    ['placed', 'authorized', 'cancelled'],
    ['cancelled', 'placed'],
    ['placed', 'authorized', 'returned'],
    ['placed', 'authorized', 'returned', 'returnedMore'],
    ['placed', 'authorized', 'returned', 'cancelled'],
    ['placed', 'authorized', 'cancelled', 'returned'],
  ]
  const cases = lives.flatMap((steps) => moments.map((moment) => [steps, moment] as const))
  test.each(cases)('%s, dying %s', async (steps, moment) => {
    const expected = await live(...steps)
    const last = steps.at(-1) ?? 'placed'
    let points = 0
    for (;;) {
      const order = await newOrder()
      for (const step of steps.slice(0, -1)) await handle(inventory, order.events[step])
      await writes.revive()
      const hasDied = await handleAndDie(order.events[last], points + 1, moment)
      await handle(inventory, order.events[last])
      expect([points, await stateOf(order)]).toEqual([points, expected])
      if (!hasDied) break
      points += 1
    }
    expect(points).toBeGreaterThan(0)
  })
})

describe('two crashes in a row', () => {
  test('in the middle of the sale and of its return put every unit back once', async () => {
    const expected = await live('placed', 'authorized', 'cancelled')
    let hasSaleDied = true
    for (let sale = 1; hasSaleDied; sale += 1) {
      let hasReturnDied = true
      for (let back = 1; hasReturnDied; back += 1) {
        const order = await newOrder()
        await handle(inventory, order.events.placed)
        await writes.revive()
        hasSaleDied = await handleAndDie(order.events.authorized, sale, 'after')
        hasReturnDied = await handleAndDie(order.events.cancelled, back, 'after')
        await handle(inventory, order.events.cancelled)
        await handle(inventory, order.events.authorized)
        expect([sale, back, await stateOf(order)]).toEqual([sale, back, expected])
      }
    }
  })

  test('in the middle of a reservation and of its release leave nothing held', async () => {
    const expected = await live('placed', 'cancelled')
    let hasPlacingDied = true
    for (let placing = 1; hasPlacingDied; placing += 1) {
      const order = await newOrder()
      hasPlacingDied = await handleAndDie(order.events.placed, placing, 'before')
      await handleAndDie(order.events.cancelled, 2, 'after')
      await handle(inventory, order.events.cancelled)
      await handle(inventory, order.events.placed)
      const { status, shelves } = await stateOf(order)
      expect([placing, status, shelves]).toEqual([placing, 'released', expected.shelves])
    }
  })
})

describe('what a crash left is carried on by the sweeper alone', () => {
  const after = (milliseconds: number) => {
    inventory.clock.now = new Date(inventory.clock.now.getTime() + milliseconds)
  }

  test.each([1, 2, 3, 4])('a sale that stopped at write %i', async (n) => {
    const expected = await live('placed', 'authorized')
    const order = await newOrder()
    await handle(inventory, order.events.placed)
    await writes.revive()
    await handleAndDie(order.events.authorized, n, 'after')
    after(31_000)
    await inventory.app.sweepReservations()
    expect(await stateOf(order)).toEqual(expected)
  })

  test.each([1, 2, 3, 4])('a return that stopped at write %i', async (n) => {
    const expected = await live('placed', 'authorized', 'cancelled')
    const order = await newOrder()
    await handle(inventory, order.events.placed)
    await handle(inventory, order.events.authorized)
    await writes.revive()
    await handleAndDie(order.events.cancelled, n, 'after')
    after(31_000)
    await inventory.app.sweepReservations()
    expect(await stateOf(order)).toEqual(expected)
  })

  test.each([1, 2, 3, 4])('units that came back, stopped at write %i', async (n) => {
    const expected = await live('placed', 'authorized', 'returned')
    const order = await newOrder()
    await handle(inventory, order.events.placed)
    await handle(inventory, order.events.authorized)
    await writes.revive()
    await handleAndDie(order.events.returned, n, 'after')
    after(31_000)
    await inventory.app.sweepReservations()
    expect(await stateOf(order)).toEqual(expected)
    await handle(inventory, order.events.cancelled)
    expect(await stateOf(order)).toEqual(await live('placed', 'authorized', 'cancelled'))
  })

  test.each([1, 2, 3, 4])('units that came back, stopped at write %i, of an order that is then given up', async (n) => {
    const expected = await live('placed', 'authorized', 'cancelled')
    const order = await newOrder()
    await handle(inventory, order.events.placed)
    await handle(inventory, order.events.authorized)
    await writes.revive()
    await handleAndDie(order.events.returned, n, 'after')
    await handleAndDie(order.events.cancelled, n, 'after')
    after(31_000)
    await inventory.app.sweepReservations()
    after(31_000)
    await inventory.app.sweepReservations()
    expect(await stateOf(order)).toEqual(expected)
  })

  test.each([1, 2, 3, 4])('a hold that stopped at write %i and expires', async (n) => {
    const order = await newOrder()
    await handleAndDie(order.events.placed, n, 'after')
    after(holdMs)
    await inventory.app.sweepReservations()
    const { shelves } = await live('placed', 'cancelled')
    expect(await stateOf(order)).toEqual({ status: 'expired', shelves })
  })
})

describe('a part that is given back in a process that dies at any write', () => {
  async function dying(n: number, moment: 'before' | 'after') {
    const sku = await stocked(inventory, { berlin: 2, lyon: 2 })
    const orderId = newId('ord')
    await handle(inventory, placed(orderId, { sku, quantity: 3 }))
    await writes.revive()
    writes.dieAt(n, moment)
    await inventory.request('POST', `/v1/reservations/${orderId}/release`, {
      as: { roles: ['operator'] },
      headers: { 'idempotency-key': newId('key') },
      body: { lines: [{ sku, quantity: 1 }] },
    })
    return { sku, orderId, hasDied: await writes.revive() }
  }
  const later = (milliseconds: number) => {
    inventory.clock.now = new Date(inventory.clock.now.getTime() + milliseconds)
  }

  test.each(moments)('is given back by the sweeper once that was decided (dying %s)', async (moment) => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const dead = await dying(point, moment)
      hasDied = dead.hasDied
      later(31_000)
      await inventory.app.sweepReservations()
      const isDecided = point > 2 || (point === 2 && moment === 'after')
      expect([point, await shelvesOf(inventory, dead.sku)]).toEqual([
        point,
        [
          'berlin: 2 on hand, 0 available, 2 held',
          isDecided ? 'lyon: 2 on hand, 2 available, 0 held' : 'lyon: 2 on hand, 1 available, 1 held',
        ],
      ])
      expect(await statusOf(inventory, dead.orderId)).toBe('held')
      await expectStockAddsUp(inventory, dead.sku)
    }
  })

  test.each(moments)('leaves nothing behind when the order is cancelled then (dying %s)', async (moment) => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const dead = await dying(point, moment)
      hasDied = dead.hasDied
      await handle(inventory, cancelled(dead.orderId))
      expect([point, await shelvesOf(inventory, dead.sku)]).toEqual([
        point,
        ['berlin: 2 on hand, 2 available, 0 held', 'lyon: 2 on hand, 2 available, 0 held'],
      ])
    }
  })
})
