import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { OrderRepository } from '../src/store/order.repository.ts'
import { type OrdersUnderTest, startOrders, times } from './orders-under-test.ts'
import { editIn, openShop, operator, type TestOrder, type TestShop } from './shop.ts'

class Crash extends Error {}

/** The process dies at its n-th write from now on, before it or right after it. */
const writes = { left: Number.POSITIVE_INFINITY, moment: 'before', isDead: false, hasDied: false, restarts: false }
function dieAt(n: number, moment: 'before' | 'after', restarts = false) {
  Object.assign(writes, { left: n, moment, isDead: false, hasDied: false, restarts })
}
/** Starts it again. True when it had died. */
function revive(): boolean {
  Object.assign(writes, { left: Number.POSITIVE_INFINITY, isDead: false })
  return writes.hasDied
}
async function write<T>(carryOut: () => Promise<T>): Promise<T> {
  if (writes.isDead) throw new Crash('the process is dead')
  writes.left -= 1
  const isFatal = writes.left === 0
  if (isFatal) Object.assign(writes, { hasDied: true, isDead: !writes.restarts })
  if (isFatal && writes.moment === 'before') throw new Crash('died before a write')
  const result = await carryOut()
  if (isFatal) throw new Crash('died after a write')
  return result
}
const wrap = (orders: OrderRepository): OrderRepository => ({
  ...orders,
  insert: (state, ...events) => write(() => orders.insert(state, ...events)),
  update: (id, decide) => write(() => orders.update(id, decide)),
  upsert: (id, decide) => write(() => orders.upsert(id, decide)),
})

let backends: Backends
let orders: OrdersUnderTest
let shop: TestShop
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders'), wrap })
  shop = openShop(orders)
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const supplementsOf = async (order: TestOrder) =>
  (await orders.db.collection<{ _id: string }>('orders').find({ partOf: order.id }).toArray()).map(({ _id }) => _id)
/** What its customer has paid for an order and all that belongs to it. */
const keptFor = async (order: TestOrder) => shop.others.keptMinor(order.id, ...(await supplementsOf(order)))
const soldFor = async (order: TestOrder, sku = '') =>
  shop.others.soldUnits(sku, order.id, ...(await supplementsOf(order)))
const linesOf = async (order: TestOrder) => (await order.read()).lines.map(({ sku, quantity }) => [sku, quantity])

/** Time passes until whoever waits has asked again, and everybody has answered. */
async function recover() {
  for (let rounds = 0; rounds < 4; rounds += 1) {
    orders.clock.now = new Date(orders.clock.now.getTime() + 20 * times.reminderMs)
    await orders.app.reconcile()
    await shop.answer()
  }
}

describe('an edit', () => {
  test('to less is made at once: units go back on the shelf and money to the customer', async () => {
    const order = await shop.confirmed([3, 500], [1, 900])
    const [mug = ''] = order.skus
    const answer = await order.edit([mug, 1])
    expect(answer.status).toBe(201)
    expect(editIn(answer)).toMatchObject({ status: 'done', total: { amountMinor: 500 }, toPay: { amountMinor: 0 } })
    await shop.answer()
    expect(await linesOf(order)).toEqual([[mug, 1]])
    expect(await order.read()).toMatchObject({
      status: 'confirmed',
      paymentStatus: 'partially_refunded',
      total: { amountMinor: 500 },
      edits: [{ status: 'done' }],
      refunds: [{ amount: { amountMinor: 1900 }, cause: 'edited', status: 'succeeded' }],
    })
    expect([await keptFor(order), await soldFor(order, mug)]).toEqual([500, 1])
    expect((await order.saga()).isAwaiting).toBe(false)
  })

  test('to more reserves and takes the difference first, and then the order has the units', async () => {
    const order = await shop.confirmed([1, 500])
    const [mug = ''] = order.skus
    const pen = await shop.newSku(300)
    const answer = await order.edit([mug, 2], [pen, 1])
    expect(editIn(answer)).toMatchObject({ status: 'open', total: { amountMinor: 1300 }, toPay: { amountMinor: 800 } })
    expect(await linesOf(order)).toEqual([[mug, 1]])
    expect((await order.saga()).wishes).toMatchObject([{ kind: 'supplement' }])
    await shop.answer()
    expect(await linesOf(order)).toEqual([
      [mug, 1],
      [mug, 1],
      [pen, 1],
    ])
    expect(await order.read()).toMatchObject({ total: { amountMinor: 1300 }, edits: [{ status: 'done' }] })
    expect([await keptFor(order), await soldFor(order, mug), await soldFor(order, pen)]).toEqual([1300, 2, 1])
    expect((await order.saga()).isAwaiting).toBe(false)
    const confirmations = orders.published.filter(
      ({ type, data }) => type === 'orders.order.confirmed.v1' && JSON.stringify(data).includes(order.id),
    )
    expect(confirmations.map(({ data }) => Object(data).partOf)).toEqual([undefined, order.id])
  })

  test('of both kinds takes only the difference, or gives it back', async () => {
    const order = await shop.confirmed([2, 500])
    const pen = await shop.newSku(300)
    const cheap = editIn(await order.edit([pen, 1]))
    expect(cheap).toMatchObject({ status: 'open', toPay: { amountMinor: 0 } })
    await shop.answer()
    expect(await linesOf(order)).toEqual([[pen, 1]])
    expect([await keptFor(order), await soldFor(order, order.skus[0])]).toEqual([300, 0])
    expect(editIn(await order.edit([pen, 3])).toPay).toEqual({ amountMinor: 600, currency: 'EUR' })
    await shop.answer()
    expect(await keptFor(order)).toBe(900)
    // What an edit brought another one may take away, from the payments and reservations it came with.
    expect((await order.edit([pen, 1])).status).toBe(201)
    await shop.answer()
    expect([await keptFor(order), await soldFor(order, pen)]).toEqual([300, 1])
  })

  test('that cannot be had leaves the order as it was, and says so', async () => {
    const order = await shop.confirmed([1, 500])
    const pen = await shop.newSku(300)
    const [mug = ''] = order.skus
    const before = await order.read()
    shop.others.outOfStock.add(pen)
    await order.edit([mug, 1], [pen, 1])
    await shop.answer()
    expect(await order.read()).toMatchObject({
      lines: before.lines,
      total: before.total,
      edits: [{ status: 'failed', failure: 'out_of_stock' }],
    })
    shop.others.declines = true
    await order.edit([mug, 2])
    await shop.answer()
    shop.others.declines = false
    expect((await order.read()).edits).toMatchObject([{}, { status: 'failed', failure: 'payment_declined' }])
    expect([await keptFor(order), await soldFor(order, mug)]).toEqual([500, 1])
    expect((await order.saga()).isAwaiting).toBe(false)
  })

  test('is one at a time, and nothing else is changed meanwhile', async () => {
    const order = await shop.confirmed([2, 500])
    const [mug = ''] = order.skus
    const answers = await Promise.all([3, 4, 5].map((quantity) => order.edit([mug, quantity])))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 409, 409])
    expect(await order.pack(1)).toMatchObject({ status: 409, body: { code: 'ORDERS_EDIT_UNDER_WAY' } })
    await shop.answer()
    expect((await order.pack(1)).status).toBe(201)
  })

  test('is refused once a part is packed, and for what is not for sale, named twice, or the same', async () => {
    const order = await shop.confirmed([2, 500])
    const [mug = ''] = order.skus
    expect(await order.edit([mug, 2])).toMatchObject({ status: 422, body: { code: 'ORDERS_NOTHING_TO_EDIT' } })
    expect(await order.edit([mug, 1], ['NOTHING', 1])).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_UNKNOWN_SKU', errors: [{ pointer: '/lines/1/sku' }] },
    })
    expect(await order.edit([mug, 1], [mug, 2])).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_LINE_NAMED_TWICE', errors: [{ pointer: '/lines/1/sku' }] },
    })
    await order.pack(1)
    expect(await order.edit([mug, 1])).toMatchObject({ status: 409, body: { code: 'ORDERS_EDIT_TOO_LATE' } })
  })

  test('is made of the version that If-Match names only, and once per key', async () => {
    const order = await shop.confirmed([3, 500])
    const { version } = await order.read()
    const key = newId('key')
    const edit = (ifMatch: string, quantity = 1) =>
      orders.request('POST', `/v1/orders/${order.id}/edits`, {
        as: order.customer,
        headers: { 'idempotency-key': key, 'if-match': ifMatch },
        body: { lines: [{ sku: order.skus[0], quantity }] },
      })
    for (const other of [`"${version + 1}"`, 'W/"1"', 'rubbish']) {
      expect(await edit(other)).toMatchObject({ status: 412, body: { code: 'ORDERS_CHANGED' } })
    }
    const first = await edit(`"${version}"`)
    expect(first.status).toBe(201)
    const second = await edit(`"${version}"`)
    expect(second.body).toEqual(first.body)
    expect(second.headers['idempotent-replayed']).toBe('true')
    expect((await edit(`"${version}"`, 2)).status).toBe(422)
    await shop.answer()
  })

  test('keeps the first answer to the key of the order as it was', async () => {
    const order = await shop.confirmed([1, 500])
    const sku = await shop.newSku(500)
    const key = newId('key')
    const place = () =>
      orders.request('POST', '/v1/orders', {
        as: order.customer,
        headers: { 'idempotency-key': key },
        body: { lines: [{ sku, quantity: 3 }], paymentMethod: 'pm_approve' },
      })
    const first = await place()
    const { id }: { id: string } = JSON.parse(JSON.stringify(first.body))
    await shop.answer()
    await orders.request('POST', `/v1/orders/${id}/edits`, {
      as: order.customer,
      headers: { 'idempotency-key': newId('key') },
      body: { lines: [{ sku, quantity: 1 }] },
    })
    expect((await place()).body).toEqual(first.body)
    await shop.answer()
  })
})

describe('a supplement', () => {
  test('is in no list, and is changed with its order only', async () => {
    const order = await shop.confirmed([1, 500])
    const [mug = ''] = order.skus
    await order.edit([mug, 2])
    const [id = ''] = await supplementsOf(order)
    const list = await orders.request('GET', '/v1/orders', { as: order.customer })
    expect(JSON.stringify(list.body)).not.toContain(id)
    const cancel = await orders.request('POST', `/v1/orders/${id}/cancel`, { as: order.customer, body: {} })
    expect(cancel).toMatchObject({ status: 409, body: { code: 'ORDERS_PART_OF_ANOTHER' } })
    const compensate = { as: operator, body: { action: 'compensate' } }
    expect((await orders.request('POST', `/v1/ops/sagas/${id}`, compensate)).status).toBe(409)
    await shop.answer()
    expect((await order.read()).edits).toMatchObject([{ status: 'done' }])
  })

  test('is undone with its order, whether it was taken over or is under way', async () => {
    for (const isTakenOver of [true, false]) {
      const order = await shop.confirmed([1, 500])
      const [mug = ''] = order.skus
      await order.edit([mug, 3])
      if (isTakenOver) await shop.answer()
      expect((await order.cancel()).body).toMatchObject({ status: 'cancelled' })
      await shop.answer()
      expect([await keptFor(order), await soldFor(order, mug)]).toEqual([0, 0])
      expect((await order.saga()).isAwaiting).toBe(false)
      for (const id of await supplementsOf(order)) {
        expect(await orders.db.collection<{ _id: string }>('orders').findOne({ _id: id })).toMatchObject({
          status: 'cancelled',
        })
      }
      expect((await order.read()).edits).toMatchObject([{ status: isTakenOver ? 'done' : 'failed' }])
    }
  })

  test('lists are served by an index, in order', async () => {
    const { customer } = await shop.confirmed([1, 500])
    for (const filter of [{ customerId: customer.userId }, {}]) {
      const plan = await orders.db
        .collection('orders')
        .find({ partOf: { $exists: false }, ...filter })
        .sort({ _id: -1 })
        .limit(51)
        .explain('queryPlanner')
      expect(JSON.stringify(plan)).toContain('IXSCAN')
      expect(JSON.stringify(plan)).not.toContain('"SORT"')
    }
  })
})

describe('a process that dies at any write of an edit, or of the answers to it', () => {
  const moments = ['before', 'after'] as const

  test.each(moments)('leaves an edit that the reconciler carries on, or none (dying %s)', async (moment) => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const order = await shop.confirmed([2, 500])
      const [mug = ''] = order.skus
      dieAt(point, moment)
      await order.edit([mug, 3])
      hasDied = revive()
      await recover()
      const { edits = [] } = await order.read()
      const isMade = point > 1 || moment === 'after'
      expect([point, edits.map(({ status }) => status)]).toEqual([point, isMade ? ['done'] : []])
      expect([point, await keptFor(order), await soldFor(order, mug)]).toEqual([
        point,
        ...(isMade ? [1500, 3] : [1000, 2]),
      ])
      expect((await order.saga()).isAwaiting).toBe(false)
    }
  })

  test.each(moments)('leaves nothing of an edit whose order is cancelled meanwhile (dying %s)', async (moment) => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const order = await shop.confirmed([2, 500])
      const [mug = ''] = order.skus
      dieAt(2, moment)
      await order.edit([mug, 3])
      revive()
      dieAt(point, moment)
      await order.cancel()
      hasDied = revive()
      await order.cancel()
      await recover()
      expect([point, await keptFor(order), await soldFor(order, mug)]).toEqual([point, 0, 0])
      expect((await order.read()).status).toBe('cancelled')
      expect((await order.saga()).isAwaiting).toBe(false)
    }
  })

  test.each(moments)('takes a confirmed supplement over once (dying %s)', async (moment) => {
    for (let point = 1, hasDied = true; hasDied; point += 1) {
      const order = await shop.confirmed([2, 500])
      const [mug = ''] = order.skus
      const pen = await shop.newSku(300)
      await order.edit([mug, 1], [pen, 1])
      // Whoever handles an event is started again at once, and the event comes again.
      dieAt(point, moment, true)
      await shop.answer()
      hasDied = revive()
      await recover()
      expect([point, (await order.read()).edits?.map(({ status }) => status)]).toEqual([point, ['done']])
      expect([point, await keptFor(order), await soldFor(order, mug), await soldFor(order, pen)]).toEqual([
        point,
        800,
        1,
        1,
      ])
      const restocks = orders.published.filter(
        ({ type, data }) => type === 'orders.units.returned.v1' && JSON.stringify(data).includes(order.id),
      )
      expect(new Set(restocks.map(({ data }) => Object(data).restockId)).size).toBe(1)
    }
  })
})
