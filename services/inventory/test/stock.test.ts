import { StockDepletedV1, StockLowV1, StockTransferredV1 } from '@tradewind/contracts/inventory'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { holdMs, type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import {
  addLocation,
  adjust,
  authorized,
  cancelled,
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

const userId = newId('usr')
const ask = (method: 'GET' | 'POST' | 'PUT', url: string, body?: object, key = newId('key')) =>
  inventory.request(method, url, {
    as: { ...operator, userId },
    ...(body !== undefined && { body }),
    ...(method === 'POST' && { headers: { 'idempotency-key': key } }),
  })
const setPolicy = (sku: string, body: object) => ask('PUT', `/v1/stock/policies/${sku}`, body)
const receive = (sku: string, delta: number, locationId = 'berlin') =>
  adjust(inventory, { sku, locationId, delta, reason: 'received' })
const order = async (sku: string, quantity: number) => {
  const orderId = newId('ord')
  await handle(inventory, placed(orderId, { sku, quantity }))
  return orderId
}
const availability = async (sku: string) => (await ask('GET', `/v1/availability?sku=${sku}`)).body
const eventsAbout = async (sku: string, ...types: string[]) => {
  await inventory.settle()
  return inventory.published.filter(({ type, data }) => types.includes(type) && JSON.stringify(data).includes(sku))
}
const later = (milliseconds: number) => {
  inventory.clock.now = new Date(inventory.clock.now.getTime() + milliseconds)
}

describe('a SKU that may be ordered before it is there', () => {
  test('is held up to its limit, and served first come first served as units come', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    expect(await setPolicy(sku, { policy: 'backorder', limit: 5 })).toMatchObject({
      status: 200,
      body: { sku, policy: 'backorder', limit: 5, locationId: 'berlin' },
    })
    const orders = [await order(sku, 3), await order(sku, 2), await order(sku, 2)]
    expect(await Promise.all(orders.map((id) => statusOf(inventory, id)))).toEqual(['held', 'held', 'rejected'])
    expect(await availability(sku)).toEqual({ items: [{ sku, available: 0, policy: 'backorder', backorderable: 1 }] })
    expect((await ask('GET', `/v1/stock?sku=${sku}`)).body).toMatchObject({ items: [{ held: 1, backordered: 4 }] })

    await receive(sku, 3)
    const [shelf] = await inventory.ports.stock.findBySkus([sku])
    expect(shelf).toMatchObject({ onHand: 4, available: 0 })
    expect(shelf?.holds.map(({ orderId, quantity }) => [orderId, quantity])).toEqual([
      [orders[0], 3],
      [orders[1], 1],
    ])
    expect(shelf?.backorders).toMatchObject([{ orderId: orders[1], quantity: 1 }])
    await expectStockAddsUp(inventory, sku)
  })

  test('is sold when it comes, where the order is committed, and not when it was cancelled', async () => {
    const sku = await stocked(inventory, {})
    await setPolicy(sku, { policy: 'backorder', limit: 10 })
    const [first, second] = [await order(sku, 2), await order(sku, 3)]
    await handle(inventory, authorized(first))
    await handle(inventory, authorized(second))
    expect(await statusOf(inventory, first)).toBe('committed')
    await receive(sku, 3)
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 0 on hand, 0 available, 0 held'])
    // One of the second's three units was sold to it; it comes back, the others are waited for no longer.
    await handle(inventory, cancelled(second))
    await handle(inventory, cancelled(second))
    await receive(sku, 4)
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 5 available, 0 held'])
    await expectStockAddsUp(inventory, sku)
  })

  test('is not overtaken by newcomers where units stand elsewhere, and served by a transfer', async () => {
    const sku = await stocked(inventory, {})
    await setPolicy(sku, { policy: 'backorder', limit: 3 })
    const first = await order(sku, 3)
    await receive(sku, 2, 'lyon')
    expect(await availability(sku)).toMatchObject({ items: [{ available: 0 }] })
    expect(await statusOf(inventory, await order(sku, 2))).toBe('rejected')
    await ask('POST', '/v1/stock/transfers', { sku, fromLocationId: 'lyon', toLocationId: 'berlin', quantity: 2 })
    const [shelf] = await inventory.ports.stock.findBySkus([sku])
    expect([...(shelf?.holds ?? [])].map(({ orderId, quantity }) => [orderId, quantity])).toEqual([[first, 2]])
  })

  test('keeps its place and its units when its order gives a part back, whatever the limit is by then', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    await setPolicy(sku, { policy: 'backorder', limit: 6 })
    const [first, second] = [await order(sku, 4), await order(sku, 2)]
    await setPolicy(sku, { policy: 'deny' })
    await receive(sku, 1)
    const release = { lines: [{ sku, quantity: 1 }] }
    expect(await ask('POST', `/v1/reservations/${first}/release`, release)).toMatchObject({
      status: 200,
      body: { status: 'held', allocations: [{ quantity: 3 }] },
    })
    await receive(sku, 2)
    const [shelf] = await inventory.ports.stock.findBySkus([sku])
    expect(new Map(shelf?.holds.map(({ orderId, quantity }) => [orderId, quantity]))).toEqual(
      new Map([
        [first, 3],
        [second, 1],
      ]),
    )
  })

  test('in advance only until the day it comes out', async () => {
    const sku = await stocked(inventory, {})
    const availableAt = new Date(inventory.clock.now.getTime() + 60_000).toISOString()
    expect((await setPolicy(sku, { policy: 'preorder', limit: 5, availableAt })).status).toBe(200)
    expect(await availability(sku)).toEqual({
      items: [{ sku, available: 0, policy: 'preorder', backorderable: 5, availableAt }],
    })
    expect(await statusOf(inventory, await order(sku, 2))).toBe('held')
    later(60_000)
    expect(await availability(sku)).toEqual({ items: [{ sku, available: 0, policy: 'preorder', availableAt }] })
    expect(await statusOf(inventory, await order(sku, 1))).toBe('rejected')
  })

  test.each([
    [{ policy: 'backorder' }, '/limit'],
    [{ policy: 'preorder', limit: 5 }, '/availableAt'],
    [{ policy: 'deny', limit: 5 }, '/limit'],
    [{ policy: 'backorder', limit: 5, availableAt: '2030-01-01T00:00:00Z' }, '/availableAt'],
  ])('wants what its policy needs and nothing else: %j', async (body, pointer) => {
    const sku = await stocked(inventory, {})
    expect(await setPolicy(sku, body)).toMatchObject({ status: 400, body: { errors: [{ pointer }] } })
  })

  test('is a SKU of the catalogue, at a location that there is', async () => {
    expect((await setPolicy('NOBODY', { policy: 'deny' })).status).toBe(404)
    const sku = await stocked(inventory, {})
    expect((await setPolicy(sku, { policy: 'backorder', limit: 1, locationId: 'atlantis' })).status).toBe(404)
  })
})

describe('operators are told', () => {
  test('when few are left and when none is, once per crossing and not with every sale', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    expect((await ask('PUT', '/v1/stock/thresholds', { sku, locationId: 'berlin', threshold: 3 })).status).toBe(200)
    for (const quantity of [1, 1, 1, 1]) await order(sku, quantity)
    const last = await order(sku, 1)
    const types = [StockLowV1.type, StockDepletedV1.type]
    expect((await eventsAbout(sku, ...types)).map(({ type, data }) => [type, data])).toEqual([
      [StockLowV1.type, { sku, locationId: 'berlin', available: 3, threshold: 3 }],
      [StockDepletedV1.type, { sku, locationId: 'berlin' }],
    ])
    await handle(inventory, cancelled(last))
    await receive(sku, 5)
    await order(sku, 3)
    expect(await eventsAbout(sku, StockLowV1.type)).toHaveLength(2)
    expect(await eventsAbout(sku, StockDepletedV1.type)).toHaveLength(1)
  })
})

describe('a count', () => {
  const count = (sku: string, body: object, key?: string) =>
    ask('POST', '/v1/stock/counts', { sku, locationId: 'berlin', ...body }, key)

  test('sets what is on hand, records the difference and who found it, and is repeated without effect', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    await order(sku, 2)
    const key = newId('key')
    const body = { sku, locationId: 'berlin', difference: -1, onHand: 4, available: 2 }
    expect(await count(sku, { counted: 4 }, key)).toMatchObject({ status: 201, body })
    expect(await count(sku, { counted: 4 }, key)).toMatchObject({ body, headers: { 'idempotent-replayed': 'true' } })
    expect((await count(sku, { counted: 5 }, key)).status).toBe(422)
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 4 on hand, 2 available, 2 held'])
    await expectStockAddsUp(inventory, sku)
  })

  test('leaves alone what was sold since the counting began', async () => {
    const sku = await stocked(inventory, { berlin: 10 })
    const orderId = await order(sku, 3)
    await handle(inventory, authorized(orderId))
    const counted = await count(sku, { counted: 9, onHandWhenCounted: 10 })
    expect(counted.body).toMatchObject({ difference: -1, onHand: 6, available: 6 })
  })

  test('of fewer than orders hold is refused', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    await order(sku, 4)
    expect(await count(sku, { counted: 3 })).toMatchObject({
      status: 409,
      body: { code: 'INVENTORY_COUNT_BELOW_HELD' },
    })
  })

  test('during sales adds up', async () => {
    const sku = await stocked(inventory, { berlin: 50 })
    await Promise.all([
      ...Array.from({ length: 20 }, async () => handle(inventory, authorized(await order(sku, 1)))),
      ...[45, 40, 35].map((counted) => count(sku, { counted })),
    ])
    await expectStockAddsUp(inventory, sku)
  })
})

test('movements are listed with their running balance, newest first, by page, SKU, location and order', async () => {
  const sku = await stocked(inventory, { berlin: 5, lyon: 1 })
  const orderId = await order(sku, 2)
  await handle(inventory, authorized(orderId))
  await ask('POST', '/v1/stock/transfers', { sku, fromLocationId: 'berlin', toLocationId: 'lyon', quantity: 1 })
  await ask('POST', '/v1/stock/counts', { sku, locationId: 'berlin', counted: 2 })
  later(1)
  await inventory.app.archiveMovements()
  const list = async (query: string) => {
    const { status, body } = await ask('GET', `/v1/stock/movements?${query}`)
    const page: { items: { kind: string; delta: number; balance: number }[]; nextCursor: string | null } = JSON.parse(
      JSON.stringify(body),
    )
    return { status, lines: page.items.map((one) => [one.kind, one.delta, one.balance]), next: page.nextCursor }
  }
  const berlin = [
    ['count', 0, 2],
    ['transfer', -1, 2],
    ['sale', -2, 3],
    ['adjustment', 5, 5],
  ]
  expect((await list(`sku=${sku}&locationId=berlin`)).lines).toEqual(berlin)
  expect((await list(`orderId=${orderId}`)).lines).toEqual([['sale', -2, 3]])
  expect((await list(`sku=${sku}`)).lines).toHaveLength(6)
  const paged: unknown[] = []
  let cursor = ''
  for (;;) {
    const { lines, next } = await list(`sku=${sku}&locationId=berlin&limit=1${cursor}`)
    paged.push(...lines)
    if (next === null) break
    cursor = `&cursor=${next}`
  }
  expect(paged).toEqual(berlin)
  expect((await list('locationId=lyon&limit=1')).lines).toHaveLength(1)
  expect((await ask('GET', '/v1/stock/movements?cursor=e30')).status).toBe(400)
})

test('stock is listed page by page', async () => {
  const sku = await stocked(inventory, { berlin: 2, lyon: 1 })
  const first = await ask('GET', `/v1/stock?sku=${sku}&limit=1`)
  expect(first.body).toMatchObject({ items: [{ locationId: 'berlin', onHand: 2 }] })
  const { nextCursor } = JSON.parse(JSON.stringify(first.body))
  expect((await ask('GET', `/v1/stock?sku=${sku}&limit=1&cursor=${nextCursor}`)).body).toMatchObject({
    items: [{ locationId: 'lyon', onHand: 1 }],
    nextCursor: null,
  })
  expect((await ask('GET', '/v1/stock?limit=2')).body).toMatchObject({ nextCursor: expect.any(String) })
})

test('a transfer tells when it has arrived, and is refused where it makes no sense', async () => {
  const sku = await stocked(inventory, { berlin: 5 })
  const body = { sku, fromLocationId: 'berlin', toLocationId: 'lyon', quantity: 2 }
  expect((await ask('POST', '/v1/stock/transfers', body)).status).toBe(201)
  expect((await eventsAbout(sku, StockTransferredV1.type)).map(({ data }) => data)).toMatchObject([body])
  const status = async (change: object) => (await ask('POST', '/v1/stock/transfers', { ...body, ...change })).status
  expect(await status({ toLocationId: 'berlin' })).toBe(422)
  expect(await status({ quantity: 4 })).toBe(409)
  expect(await status({ toLocationId: 'atlantis' })).toBe(404)
  expect(await status({ sku: 'NOBODY' })).toBe(404)
})

describe('a reservation', () => {
  test('is held longer when that is asked for, and never shorter', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    const orderId = await order(sku, 1)
    const extend = (minutes: number) => ask('POST', `/v1/reservations/${orderId}/extend`, { minutes })
    expect((await extend(60)).status).toBe(200)
    expect((await extend(1)).status).toBe(200)
    later(holdMs + 1)
    await inventory.app.sweepReservations()
    expect(await statusOf(inventory, orderId)).toBe('held')
    later(60 * 60_000)
    expect((await extend(60)).status).toBe(409)
    await inventory.app.sweepReservations()
    expect(await statusOf(inventory, orderId)).toBe('expired')
    expect((await ask('POST', `/v1/reservations/${newId('ord')}/extend`, { minutes: 1 })).status).toBe(404)
  })

  test('gives a part back once, and all of it is a release', async () => {
    const [mug, pen] = [await stocked(inventory, { berlin: 2, lyon: 3 }), await stocked(inventory, { lyon: 1 })]
    const orderId = newId('ord')
    await handle(inventory, placed(orderId, { sku: mug, quantity: 4 }, { sku: pen, quantity: 1 }))
    const key = newId('key')
    const release = (lines: object[], as = newId('key')) =>
      ask('POST', `/v1/reservations/${orderId}/release`, { lines }, as)
    expect((await release([{ sku: mug, quantity: 3 }], key)).status).toBe(200)
    expect(await release([{ sku: mug, quantity: 3 }], key)).toMatchObject({
      status: 200,
      body: { status: 'held' },
      headers: { 'idempotent-replayed': 'true' },
    })
    expect(await shelvesOf(inventory, mug)).toEqual([
      'berlin: 2 on hand, 1 available, 1 held',
      'lyon: 3 on hand, 3 available, 0 held',
    ])
    expect((await release([{ sku: mug, quantity: 2 }])).status).toBe(422)
    const rest = [
      { sku: mug, quantity: 1 },
      { sku: pen, quantity: 1 },
    ]
    expect(await release(rest)).toMatchObject({ status: 200, body: { status: 'released' } })
    expect(await shelvesOf(inventory, pen)).toEqual(['lyon: 1 on hand, 1 available, 0 held'])
    expect((await release(rest)).status).toBe(409)
    await expectStockAddsUp(inventory, mug, pen)
  })
})

describe('the defects that other systems are known for', () => {
  test('check-then-take in two steps: the last unit goes to one of many who saw it', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    const orders = await Promise.all(Array.from({ length: 20 }, () => order(sku, 1)))
    const statuses = await Promise.all(orders.map((id) => statusOf(inventory, id)))
    expect(statuses.filter((status) => status === 'held')).toHaveLength(1)
    expect(statuses.filter((status) => status === 'rejected')).toHaveLength(19)
  })

  test('two lines of one product each passing: they are one demand', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await handle(inventory, placed(orderId, { sku, quantity: 2 }, { sku, quantity: 2 }))
    expect(await statusOf(inventory, orderId)).toBe('rejected')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
  })

  test('availability summed over places but taken from one: taken from as many as it was summed over', async () => {
    const sku = await stocked(inventory, { berlin: 1, lyon: 2 })
    expect(await statusOf(inventory, await order(sku, 3))).toBe('held')
    expect(await shelvesOf(inventory, sku)).toEqual([
      'berlin: 1 on hand, 0 available, 1 held',
      'lyon: 2 on hand, 0 available, 2 held',
    ])
    await expectStockAddsUp(inventory, sku)
  })

  test('charged after stock ran out: an authorisation of what is not held commits nothing', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    await order(sku, 1)
    const late = await order(sku, 1)
    await handle(inventory, authorized(late))
    expect(await statusOf(inventory, late)).toBe('rejected')
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 1 on hand, 0 available, 1 held'])
  })
})
