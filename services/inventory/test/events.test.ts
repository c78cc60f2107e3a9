import type { DomainEvent } from '@tradewind/contracts/event'
import { UnitsReturnedV1 } from '@tradewind/contracts/fulfilment'
import {
  ReservationCommittedV1,
  ReservationExpiredV1,
  ReservationHeldV1,
  ReservationRejectedV1,
  ReservationReleasedV1,
  StockRestockedV1,
} from '@tradewind/contracts/inventory'
import { OrderAuthorizedV1, OrderCancelledV1, OrderExpiredV1, OrderPlacedV1 } from '@tradewind/contracts/orders'
import { DomainError } from '@tradewind/service-kit/errors'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdMs, type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import {
  addLocation,
  authorized,
  cancelled,
  expectStockAddsUp,
  expired,
  handle,
  placed,
  shelvesOf,
  statusOf,
  stocked,
  unitsReturned,
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

const eventsOf = (orderId: string) =>
  inventory.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ type }) => type)

/** An order that has bought so many units, one of them in Lyon. */
async function sold(quantity: number) {
  const sku = await stocked(inventory, { berlin: quantity - 1, lyon: 1 })
  const orderId = newId('ord')
  await inventory.deliver(placed(orderId, { sku, quantity }))
  await inventory.deliver(authorized(orderId))
  return { orderId, sku }
}

/** Each case leads up to an event that is then redelivered. */
const redelivered: Record<string, Record<string, () => Promise<DomainEvent>>> = {
  [OrderPlacedV1.type]: {
    'that was held': async () => placed(newId('ord'), { sku: await stocked(inventory, { berlin: 3 }), quantity: 2 }),
    'that was held at several places': async () =>
      placed(newId('ord'), { sku: await stocked(inventory, { berlin: 1, lyon: 1 }), quantity: 2 }),
    'that was rejected': async () =>
      placed(newId('ord'), { sku: await stocked(inventory, { berlin: 1 }), quantity: 2 }),
  },
  [OrderAuthorizedV1.type]: {
    'of a held order': async () => {
      const orderId = newId('ord')
      await inventory.deliver(placed(orderId, { sku: await stocked(inventory, { berlin: 3 }), quantity: 2 }))
      return authorized(orderId)
    },
  },
  [OrderCancelledV1.type]: {
    'of a held order': async () => {
      const orderId = newId('ord')
      await inventory.deliver(placed(orderId, { sku: await stocked(inventory, { berlin: 3 }), quantity: 2 }))
      return cancelled(orderId)
    },
    'of a committed order': async () => {
      const orderId = newId('ord')
      await inventory.deliver(placed(orderId, { sku: await stocked(inventory, { berlin: 3 }), quantity: 2 }))
      await inventory.deliver(authorized(orderId))
      return cancelled(orderId)
    },
    'of an order that never came': async () => cancelled(newId('ord')),
  },
  [UnitsReturnedV1.type]: {
    'of a committed order': async () => {
      const { orderId, sku } = await sold(3)
      return unitsReturned(orderId, newId('rst'), { sku, quantity: 2 })
    },
    'of an order that was given up': async () => {
      const { orderId, sku } = await sold(3)
      await inventory.deliver(cancelled(orderId))
      return unitsReturned(orderId, newId('rst'), { sku, quantity: 2 })
    },
  },
  [OrderExpiredV1.type]: {
    'of a held order': async () => {
      const orderId = newId('ord')
      await inventory.deliver(placed(orderId, { sku: await stocked(inventory, { berlin: 3 }), quantity: 2 }))
      return expired(orderId)
    },
    'of an order that never came': async () => expired(newId('ord')),
  },
}

test('every event that the service reacts to is redelivered here', () => {
  const registered = [...inventory.app.onOrders, ...inventory.app.onUnits].map(({ contract }) => contract.type)
  expect(new Set(Object.keys(redelivered))).toEqual(new Set(registered))
  expect(new Set(registered).size).toBe(registered.length)
})

describe('an event that comes three times changes nothing after the first', () => {
  const cases = Object.entries(redelivered).flatMap(([type, ways]) =>
    Object.entries(ways).map(([way, prepare]) => [type, way, prepare] as const),
  )
  test.each(cases)('%s %s', async (_type, _way, prepare) => {
    const event = await prepare()
    await inventory.settle()
    const untouched = await inventory.contents()
    await inventory.deliver(event)
    const before = await inventory.contents()
    expect(before).not.toEqual(untouched)
    const known = new Set(inventory.published.map(({ id }) => id))

    await inventory.publish(event)
    await inventory.deliver(event)
    expect(await inventory.contents()).toEqual(before)
    expect(inventory.published.filter(({ id }) => !known.has(id))).toEqual([])
    expect(await inventory.deadLetters()).toBe(0)
  })
})

describe('whatever the order of arrival', () => {
  test.each([
    ['cancelled', cancelled],
    ['expired', expired],
  ])('nothing is ever held for an order that was %s before it was placed', async (_name, stop) => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.deliver(stop(orderId))
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    expect(await statusOf(inventory, orderId)).toBe('released')
    expect(new Set(eventsOf(orderId))).toEqual(new Set([ReservationReleasedV1.type]))
  })

  test('an order that is authorised before it was placed is committed once it is', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.publish(authorized(orderId))
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    expect(await statusOf(inventory, orderId)).toBe('committed')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 1 on hand, 1 available, 0 held'])
    expect(await inventory.deadLetters()).toBe(0)
  })

  test('an order that is authorised after it was cancelled takes nothing', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    await inventory.deliver(cancelled(orderId))
    await inventory.deliver(authorized(orderId))
    expect(await statusOf(inventory, orderId)).toBe('released')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
  })
})

describe('units that an order gave back', () => {
  const answers = (orderId: string) =>
    inventory.published.filter(
      ({ type, data }) => type === StockRestockedV1.type && JSON.stringify(data).includes(orderId),
    )

  test('go where they were taken from, once, and cancelling the order later gives back only the rest', async () => {
    const { orderId, sku } = await sold(3)
    const given = unitsReturned(orderId, newId('rst'), { sku, quantity: 2 })
    await inventory.deliver(given)
    await inventory.deliver(given)
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 0 on hand, 0 available, 0 held',
    ])
    expect(answers(orderId).map(({ data }) => data)).toMatchObject([
      { lines: [{ sku, quantity: 2, taken: 2 }] },
      { lines: [{ sku, quantity: 2, taken: 2 }] },
    ])
    expect(new Set(answers(orderId).map(({ id }) => id)).size).toBe(1)
    await inventory.deliver(cancelled(orderId))
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 1 on hand, 1 available, 0 held',
    ])
    await inventory.app.archiveMovements()
    await expectStockAddsUp(inventory, sku)
  })

  test('go where they are, when that is said, and nowhere where nobody knows the place', async () => {
    const { orderId, sku } = await sold(3)
    const back = unitsReturned(orderId, newId('rst'), { sku, quantity: 2 })
    const at = (locationId: string) => ({ ...back, data: { ...Object(back.data), locationId } })
    await expect(handle(inventory, at('nowhere'))).rejects.toThrow(
      expect.objectContaining({ code: 'INVENTORY_LOCATION_NOT_FOUND' }),
    )
    await inventory.deliver(at('lyon'))
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 0 on hand, 0 available, 0 held',
      'lyon: 2 on hand, 2 available, 0 held',
    ])
  })

  test('are never more than the order bought, and each question keeps its own answer', async () => {
    const { orderId, sku } = await sold(3)
    const [first, second] = [2, 2].map((quantity) => unitsReturned(orderId, newId('rst'), { sku, quantity }))
    if (first === undefined || second === undefined) throw new Error('two were made')
    for (const event of [first, second, first]) await inventory.deliver(event)
    expect(answers(orderId).map(({ data }) => data)).toMatchObject([
      { lines: [{ taken: 2 }] },
      { lines: [{ taken: 1 }] },
      { lines: [{ taken: 2 }] },
    ])
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 2 on hand, 2 available, 0 held',
      'lyon: 1 on hand, 1 available, 0 held',
    ])
  })

  test('of an order whose units are only held are refused, so that they are tried again', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    await expect(handle(inventory, unitsReturned(orderId, newId('rst'), { sku, quantity: 1 }))).rejects.toThrow(
      expect.objectContaining({ code: 'INVENTORY_NOT_SOLD_YET' }),
    )
  })
})

describe('a reservation', () => {
  test('holds every line or none, and names what is missing', async () => {
    const [mug, pen] = [await stocked(inventory, { berlin: 3 }), await stocked(inventory, { lyon: 1 })]
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku: mug, quantity: 1 }, { sku: pen, quantity: 2 }))
    expect(await shelvesOf(inventory, mug)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    expect(inventory.published.findLast(({ type }) => type === ReservationRejectedV1.type)?.data).toEqual({
      orderId,
      reason: 'out_of_stock',
      unavailable: [{ sku: pen, requested: 2, available: 1 }],
    })
  })

  test('goes back to the shelves when it was committed and the order is cancelled', async () => {
    const sku = await stocked(inventory, { berlin: 1, lyon: 2 })
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku, quantity: 3 }))
    await inventory.deliver(authorized(orderId))
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 0 on hand, 0 available, 0 held',
      'lyon: 0 on hand, 0 available, 0 held',
    ])
    await inventory.deliver(cancelled(orderId))
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 1 on hand, 1 available, 0 held',
      'lyon: 2 on hand, 2 available, 0 held',
    ])
    expect(eventsOf(orderId)).toEqual([ReservationHeldV1.type, ReservationCommittedV1.type, ReservationReleasedV1.type])
    await inventory.app.archiveMovements()
    await inventory.app.archiveMovements()
    await expectStockAddsUp(inventory, sku)
  })

  test('expires when its time is up, not before, and is not committed afterwards', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    inventory.clock.now = new Date(inventory.clock.now.getTime() + holdMs - 1)
    await inventory.app.sweepReservations()
    expect(await statusOf(inventory, orderId)).toBe('held')

    inventory.clock.now = new Date(inventory.clock.now.getTime() + 1)
    await inventory.app.sweepReservations()
    expect(await statusOf(inventory, orderId)).toBe('expired')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    await inventory.settle()
    expect(eventsOf(orderId)).toEqual([ReservationHeldV1.type, ReservationExpiredV1.type])

    await inventory.deliver(authorized(orderId))
    expect(await statusOf(inventory, orderId)).toBe('expired')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    expect(eventsOf(orderId)).toEqual([ReservationHeldV1.type, ReservationExpiredV1.type, ReservationExpiredV1.type])
  })

  test('that is committed does not expire', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
    await inventory.deliver(authorized(orderId))
    inventory.clock.now = new Date(inventory.clock.now.getTime() + 2 * holdMs)
    await inventory.app.sweepReservations()
    expect(await statusOf(inventory, orderId)).toBe('committed')
  })

  test('refuses a commit for an order that nobody knows, so that it is tried again', async () => {
    await expect(handle(inventory, authorized(newId('ord')))).rejects.toThrow(DomainError)
  })
})

test('movements reach the ledger once, however often they are archived', async () => {
  const sku = await stocked(inventory, { berlin: 3 })
  const orderId = newId('ord')
  await inventory.deliver(placed(orderId, { sku, quantity: 2 }))
  await inventory.deliver(authorized(orderId))
  inventory.clock.now = new Date(inventory.clock.now.getTime() + 1)
  await Promise.all([inventory.app.archiveMovements(), inventory.app.archiveMovements()])
  await inventory.app.archiveMovements()
  const entries = await inventory.ports.ledger.page({ sku, limit: 10 })
  expect(entries.toReversed().map(({ kind, delta, balance }) => [kind, delta, balance])).toEqual([
    ['adjustment', 3, 3],
    ['sale', -2, 1],
  ])
  await expectStockAddsUp(inventory, sku)
})
