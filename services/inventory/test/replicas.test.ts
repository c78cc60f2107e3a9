import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
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
} from './shop.ts'
import { Crash, interceptWrites } from './writes.ts'

const slowWrites = interceptWrites()
const otherWrites = interceptWrites()

let backends: Backends
/** Two processes on one database. */
let slow: InventoryUnderTest
let other: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const database = backends.databaseName('inventory')
  slow = await startInventory({ ...backends, database, wrap: slowWrites.wrap })
  other = await startInventory({ ...backends, database, wrap: otherWrites.wrap })
  await addLocation(slow, 'berlin', 1)
  await addLocation(slow, 'lyon', 2)
})
afterAll(async () => {
  await other.stop()
  await slow.stop()
  await backends.stop()
})

describe('two replicas that reserve the same stock at once', () => {
  test('hold exactly what there is, at every location', async () => {
    const sku = await stocked(slow, { berlin: 7, lyon: 5 })
    const orders = Array.from({ length: 30 }, () => newId('ord'))
    await Promise.all(
      orders.map((id, index) => handle(index % 2 === 0 ? slow : other, placed(id, { sku, quantity: 1 }))),
    )
    const statuses = await Promise.all(orders.map((id) => statusOf(slow, id)))
    expect(statuses.filter((status) => status === 'held')).toHaveLength(12)
    expect(statuses.filter((status) => status === 'rejected')).toHaveLength(18)
    expect(await shelvesOf(slow, sku)).toEqual([
      'berlin: 7 on hand, 0 available, 7 held',
      'lyon: 5 on hand, 0 available, 5 held',
    ])
    await expectStockAddsUp(slow, sku)
  })

  test('give overlapping baskets all or nothing', async () => {
    const skus = await Promise.all([1, 2, 3].map(() => stocked(slow, { berlin: 4 })))
    const orders = Array.from({ length: 24 }, (_, index) => {
      const basket = [skus[index % 3] ?? '', skus[(index + 1) % 3] ?? '']
      return { id: newId('ord'), lines: basket.map((sku) => ({ sku, quantity: 1 })) }
    })
    await Promise.all(
      orders.map(({ id, lines }, index) => handle(index % 2 === 0 ? slow : other, placed(id, ...lines))),
    )
    const held = new Map<string, number>()
    for (const { id, lines } of orders) {
      if ((await statusOf(slow, id)) !== 'held') continue
      for (const { sku } of lines) held.set(sku, (held.get(sku) ?? 0) + 1)
    }
    for (const sku of skus) {
      const units = held.get(sku) ?? 0
      expect(await shelvesOf(slow, sku)).toEqual([`berlin: 4 on hand, ${4 - units} available, ${units} held`])
    }
    await expectStockAddsUp(slow, ...skus)
  })

  test('handle one event at once and hold once', async () => {
    const sku = await stocked(slow, { berlin: 9 })
    const event = placed(newId('ord'), { sku, quantity: 2 })
    await Promise.all([slow, other, slow, other].map((inventory) => handle(inventory, event)))
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 9 on hand, 7 available, 2 held'])
  })

  test('handle placed and cancelled at once and end with nothing held', async () => {
    // Enough for all of them, so that none is rejected when nobody was cancelled yet.
    const sku = await stocked(slow, { berlin: 20 })
    await Promise.all(
      Array.from({ length: 20 }, async () => {
        const orderId = newId('ord')
        const place = placed(orderId, { sku, quantity: 1 })
        await Promise.all([handle(slow, place).catch(() => handle(slow, place)), handle(other, cancelled(orderId))])
        await handle(slow, place)
        expect(await statusOf(slow, orderId)).toBe('released')
      }),
    )
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 20 on hand, 20 available, 0 held'])
  })
})

describe('a handler that was paused for long', () => {
  const busy = expect.objectContaining({ code: 'INVENTORY_RESERVATION_BUSY' })

  test('takes nothing for an order that was released meanwhile', async () => {
    const sku = await stocked(slow, { berlin: 3 })
    const orderId = newId('ord')
    const shelf = slowWrites.writes.pause(`${sku}@berlin`)
    const paused = handle(slow, placed(orderId, { sku, quantity: 2 }))
    await shelf.reached
    await handle(other, cancelled(orderId))
    shelf.resume()
    await paused
    expect(await statusOf(slow, orderId)).toBe('released')
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
  })

  test('takes nothing for an order that was sold meanwhile', async () => {
    const sku = await stocked(slow, { berlin: 3 })
    const orderId = newId('ord')
    const place = placed(orderId, { sku, quantity: 2 })
    const shelf = slowWrites.writes.pause(`${sku}@berlin`)
    const paused = handle(slow, place)
    await shelf.reached
    await handle(other, place)
    await handle(other, authorized(orderId))
    shelf.resume()
    await paused
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 1 on hand, 1 available, 0 held'])
  })

  test('takes units again that were sold meanwhile, and a sale that is carried on does not sell those, too', async () => {
    const sku = await stocked(slow, { berlin: 5 })
    const orderId = newId('ord')
    const place = placed(orderId, { sku, quantity: 2 })
    const shelf = slowWrites.writes.pause(`${sku}@berlin`)
    const paused = handle(slow, place)
    await shelf.reached
    await handle(other, place)
    // The other process dies between the sale on the shelf and its end in the reservation.
    await otherWrites.writes.revive()
    otherWrites.writes.dieAt(2, 'after')
    await expect(handle(other, authorized(orderId))).rejects.toThrow(Crash)
    await otherWrites.writes.revive()
    shelf.resume()
    await expect(paused).rejects.toThrow(busy)
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 3 on hand, 1 available, 2 held'])
    await handle(other, authorized(orderId))
    await handle(slow, place)
    expect(await statusOf(slow, orderId)).toBe('committed')
    expect(await shelvesOf(slow, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    await expectStockAddsUp(slow, sku)
  })

  /** An order of two products whose second one is taken away under the paused handler, so that the other makes a new plan. */
  async function twoPlans() {
    const [mug, pen] = [await stocked(slow, { berlin: 9 }), await stocked(slow, { berlin: 2, lyon: 2 })]
    const orderId = newId('ord')
    const place = placed(orderId, { sku: mug, quantity: 1 }, { sku: pen, quantity: 2 })
    const shelf = slowWrites.writes.pause(`${pen}@berlin`)
    const paused = handle(slow, place)
    await shelf.reached
    const rival = newId('ord')
    await handle(other, placed(rival, { sku: pen, quantity: 2 }))
    return { mug, pen, orderId, place, paused, shelf, rival }
  }

  test('gives back what it took by a plan that was given up', async () => {
    const { mug, pen, orderId, place, paused, shelf, rival } = await twoPlans()
    await handle(other, place)
    expect(await statusOf(slow, orderId)).toBe('held')
    await handle(other, cancelled(rival))
    shelf.resume()
    await paused
    expect(await shelvesOf(slow, mug)).toEqual(['berlin: 9 on hand, 8 available, 1 held'])
    expect(await shelvesOf(slow, pen)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 2 on hand, 0 available, 2 held',
    ])
    await handle(slow, authorized(orderId))
    expect(await shelvesOf(slow, pen)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 0 on hand, 0 available, 0 held',
    ])
  })

  test('does not confirm the plan of another that has not taken everything yet', async () => {
    const { mug, pen, orderId, place, paused, shelf, rival } = await twoPlans()
    const lyon = otherWrites.writes.pause(`${pen}@lyon`)
    const second = handle(other, place)
    await lyon.reached
    await handle(other, cancelled(rival))
    shelf.resume()
    await expect(paused).rejects.toThrow(busy)
    expect(await statusOf(slow, orderId)).toBe('holding')
    lyon.resume()
    await second
    await handle(slow, place)
    expect(await statusOf(slow, orderId)).toBe('held')
    expect(await shelvesOf(slow, mug)).toEqual(['berlin: 9 on hand, 8 available, 1 held'])
    expect(await shelvesOf(slow, pen)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 2 on hand, 0 available, 2 held',
    ])
  })
})
