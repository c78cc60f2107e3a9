import { Fulfilment } from '@tradewind/contracts/fulfilment'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OrdersUnderTest, returnDays, startOrders, times } from './orders-under-test.ts'
import { newCustomer } from './participants.ts'
import { openShop, operator, returnIn, shaped, type TestOrder, type TestShop } from './shop.ts'

let backends: Backends
let now: OrdersUnderTest
let shop: TestShop
beforeAll(async () => {
  backends = await startBackends()
  now = await startOrders({ ...backends, database: backends.databaseName('orders') })
  shop = openShop(now)
})
afterAll(async () => {
  await now.stop()
  await backends.stop()
})

const typesOf = (orders: OrdersUnderTest, id: string) =>
  orders.published.filter(({ data }) => JSON.stringify(data).includes(id)).map(({ type }) => type)

describe('a fulfilment', () => {
  test('goes from packing to delivered, and the order with it to its completion', async () => {
    const order = await shop.confirmed([2, 500], [1, 900])
    const first = await order.ship(1, 1)
    expect(first).toMatchObject({ status: 'shipped' })
    expect(await order.read()).toMatchObject({
      status: 'partially_fulfilled',
      fulfilmentStatus: 'partially_fulfilled',
      fulfilments: [{ id: first.id, status: 'shipped' }],
    })
    const second = await order.ship(1)
    expect(await order.read()).toMatchObject({ status: 'fulfilled', fulfilmentStatus: 'fulfilled' })
    await order.deliver(first.id)
    expect(await order.read()).toMatchObject({ status: 'fulfilled' })
    await order.deliver(second.id)
    expect(await order.read()).toMatchObject({ status: 'completed', paymentStatus: 'captured' })
    await shop.answer()
    expect(typesOf(now, order.id).filter((type) => type === 'orders.order.completed.v1')).toHaveLength(1)
    expect((await order.saga()).isAwaiting).toBe(false)
  })

  test('keeps what the parcel can be followed by, and refuses other tracking for it later', async () => {
    const order = await shop.confirmed([1, 500])
    const packed = shaped(Fulfilment, await order.pack(1))
    const tracking = { carrier: 'DHL', code: '123', url: 'https://dhl.example/123' }
    const ship = (body: unknown) => order.call('POST', `/fulfilments/${packed.id}/ship`, operator, body)
    expect(shaped(Fulfilment, await ship({ tracking }))).toMatchObject({ status: 'shipped', tracking })
    expect((await ship({ tracking })).status).toBe(200)
    expect((await ship({})).status).toBe(200)
    expect(await ship({ tracking: { ...tracking, code: '9' } })).toMatchObject({
      status: 409,
      body: { code: 'ORDERS_FULFILMENT_NOT_READY' },
    })
    await shop.answer()
    expect(now.published.findLast(({ type }) => type === 'orders.fulfilment.shipped.v1')?.data).toMatchObject({
      fulfilmentId: packed.id,
      tracking,
    })
  })

  test('never has more than is ordered, also with many requests at once', async () => {
    const order = await shop.confirmed([5, 500])
    expect((await order.pack(6)).status).toBe(409)
    const answers = await Promise.all(Array.from({ length: 8 }, () => order.pack(2)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(6)
    expect((await order.read()).fulfilments).toHaveLength(2)
  })

  test('that is cancelled gives its units free again, and one that was sent cannot be', async () => {
    const order = await shop.confirmed([2, 500])
    const packed = shaped(Fulfilment, await order.pack(2))
    expect((await order.pack(1)).status).toBe(409)
    const cancel = (id: string) => order.call('POST', `/fulfilments/${id}/cancel`, operator)
    expect(shaped(Fulfilment, await cancel(packed.id)).status).toBe('cancelled')
    expect((await cancel(packed.id)).status).toBe(200)
    const sent = await order.ship(2)
    expect((await cancel(sent.id)).status).toBe(409)
    expect((await order.call('POST', `/fulfilments/${packed.id}/ship`, operator, {})).status).toBe(409)
    expect((await order.call('POST', `/fulfilments/${packed.id}/deliver`, operator)).status).toBe(409)
  })

  test('of lines that are not there is refused with their place', async () => {
    const order = await shop.confirmed([2, 500])
    const [lineId] = await order.lineIds()
    const lines = [
      { lineId, quantity: 1 },
      { lineId: newId('oln'), quantity: 1 },
    ]
    expect(await order.call('POST', '/fulfilments', operator, { lines })).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_UNKNOWN_LINE', errors: [{ pointer: '/lines/1' }] },
    })
    const twice = [lines[0], lines[0]]
    expect(await order.call('POST', '/fulfilments', operator, { lines: twice })).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_LINE_NAMED_TWICE', errors: [{ pointer: '/lines/1' }] },
    })
    expect(await order.call('POST', `/fulfilments/${newId('ful')}/deliver`, operator)).toMatchObject({
      status: 404,
      body: { code: 'ORDERS_FULFILMENT_NOT_FOUND' },
    })
  })

  test('is made once per key, answered the same whatever has become of it, and never under a key of something else', async () => {
    const order = await shop.confirmed([3, 500])
    const [lineId] = await order.lineIds()
    const body = { lines: [{ lineId, quantity: 1 }] }
    const key = newId('key')
    const pack = (of: unknown = body) => order.call('POST', '/fulfilments', operator, of, key)
    const answers = await Promise.all([pack(), pack(), pack()])
    const [first] = answers
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
    const { id } = shaped(Fulfilment, first ?? (await pack()))
    await order.call('POST', `/fulfilments/${id}/ship`, operator, {})
    await order.deliver(id)
    const again = await pack()
    expect(again.body).toEqual(first?.body)
    expect(again.headers['idempotent-replayed']).toBe('true')
    expect((await order.read()).fulfilments).toHaveLength(1)
    expect(await pack({ lines: [{ lineId, quantity: 2 }] })).toMatchObject({
      status: 422,
      body: { code: 'IDEMPOTENCY_KEY_REUSED' },
    })
  })

  test('is for confirmed orders only', async () => {
    const order = await shop.confirmed([1, 500])
    await order.cancel()
    const [lineId] = (await order.read()).lines.map(({ id }) => id)
    expect(await order.call('POST', '/fulfilments', operator, { lines: [{ lineId, quantity: 1 }] })).toMatchObject({
      status: 409,
      body: { code: 'ORDERS_NOT_FULFILLABLE' },
    })
  })
})

describe('cancelling', () => {
  test('what has not shipped puts it back on the shelf, pays it back and leaves the rest as it is', async () => {
    const order = await shop.confirmed([3, 500], [1, 900])
    const [mug = '', pen = ''] = order.skus
    const sent = await order.ship(1)
    await order.pack(1)
    expect((await order.cancel({ reason: 'changed my mind' })).status).toBe(200)
    expect((await order.saga()).wishes.map(({ kind }) => kind).toSorted()).toEqual(['refund', 'restock'])
    await shop.answer()
    expect(await order.read()).toMatchObject({
      status: 'fulfilled',
      paymentStatus: 'partially_refunded',
      lines: [{ sku: mug, quantity: 1 }],
      total: { amountMinor: 500 },
      fulfilments: [{ status: 'shipped' }, { status: 'cancelled' }],
      refunds: [{ amount: { amountMinor: 1900 }, status: 'succeeded', cause: 'cancelled' }],
    })
    expect(shop.others.keptMinor(order.id)).toBe(500)
    expect([shop.others.soldUnits(mug, order.id), shop.others.soldUnits(pen, order.id)]).toEqual([1, 0])
    expect((await order.cancel()).status).toBe(200)
    expect((await order.saga()).isAwaiting).toBe(false)
    await order.deliver(sent.id)
    expect((await order.read()).status).toBe('completed')
    expect(now.published.findLast(({ type }) => type === 'orders.order.edited.v1')?.data).toMatchObject({
      orderId: order.id,
      lines: [
        { sku: mug, quantity: 1 },
        { sku: pen, quantity: 0 },
      ],
      total: { amountMinor: 500 },
    })
  })

  test('some lines takes only them, asked twice as asked once', async () => {
    const order = await shop.confirmed([2, 500], [1, 900])
    const [, penLine = ''] = await order.lineIds()
    const body = { lines: [{ lineId: penLine }] }
    expect((await order.cancel(body)).status).toBe(200)
    expect((await order.cancel(body)).status).toBe(200)
    await shop.answer()
    expect(await order.read()).toMatchObject({ status: 'confirmed', total: { amountMinor: 1000 } })
    expect(shop.others.keptMinor(order.id)).toBe(1000)
    expect(await order.cancel({ lines: [{ lineId: newId('oln') }] })).toMatchObject({
      status: 422,
      body: { code: 'ORDERS_UNKNOWN_LINE' },
    })
  })

  test('every line of what has not shipped is cancelling the order', async () => {
    const order = await shop.confirmed([2, 500])
    const lines = (await order.lineIds()).map((lineId) => ({ lineId }))
    expect((await order.cancel({ lines })).body).toMatchObject({ status: 'cancelled' })
    await shop.answer()
    expect(await order.read()).toMatchObject({ status: 'cancelled', paymentStatus: 'refunded' })
    expect((await order.saga()).isAwaiting).toBe(false)
  })

  test('the whole order gives back what partial refunds have left of it', async () => {
    const order = await shop.confirmed([2, 500])
    await order.call('POST', '/refunds', operator, { amountMinor: 300, reason: 'late' })
    await order.cancel()
    await shop.answer()
    expect(shop.others.keptMinor(order.id)).toBe(0)
    expect(await order.read()).toMatchObject({ status: 'cancelled', paymentStatus: 'refunded' })
  })

  test('is refused once everything has shipped', async () => {
    const order = await shop.confirmed([1, 500])
    await order.ship(1)
    expect(await order.cancel()).toMatchObject({ status: 409, body: { code: 'ORDERS_NOT_CANCELLABLE' } })
  })
})

describe('a return', () => {
  /** An order of three units at 3.33 that has arrived. */
  async function delivered(): Promise<TestOrder> {
    const order = await shop.confirmed([3, 333])
    const { id } = await order.ship(3)
    await order.deliver(id)
    return order
  }
  const ask = async (order: TestOrder, quantity: number, as: { userId: string } = order.customer) => {
    const lines = (await order.lineIds()).map((lineId) => ({ lineId, quantity }))
    return order.call('POST', '/returns', as, { lines, reason: 'too small' })
  }
  const act = (order: TestOrder, id: string, verb: string, body?: unknown, key?: string) =>
    order.call('POST', `/returns/${id}/${verb}`, operator, body, key)
  const receive = async (order: TestOrder, id: string, restock: number, writeOff: number) => {
    const [lineId] = await order.lineIds()
    return act(order, id, 'receive', { lines: [{ lineId, restock, writeOff }], locationId: 'berlin' })
  }

  test('is asked for, approved, received and paid back: what can be sold again goes on the shelf', async () => {
    const order = await delivered()
    const { id } = returnIn(await ask(order, 2))
    expect(returnIn(await act(order, id, 'approve')).status).toBe('approved')
    expect(returnIn(await receive(order, id, 1, 1))).toMatchObject({
      status: 'received',
      lines: [{ restocked: 1, writtenOff: 1 }],
    })
    expect(returnIn(await act(order, id, 'refund', {})).status).toBe('refunding')
    await shop.answer()
    expect(await order.read()).toMatchObject({
      status: 'completed',
      fulfilmentStatus: 'partially_returned',
      paymentStatus: 'partially_refunded',
      returns: [{ id, status: 'refunded' }],
      refunds: [{ amount: { amountMinor: 666 }, returnId: id, status: 'succeeded' }],
    })
    const [sku = ''] = order.skus
    expect([shop.others.keptMinor(order.id), shop.others.soldUnits(sku, order.id)]).toEqual([333, 2])
    const events = now.published.filter(({ data }) => JSON.stringify(data).includes(order.id))
    expect(events.find(({ type }) => type === 'orders.units.returned.v1')?.data).toMatchObject({
      locationId: 'berlin',
      lines: [{ sku, quantity: 1 }],
      reason: 'returned',
    })
    expect(events.find(({ type }) => type === 'orders.return.refunded.v1')?.data).toMatchObject({
      returnId: id,
      amount: { amountMinor: 666 },
    })
    expect(JSON.stringify(events)).not.toContain('too small')
    expect((await order.saga()).isAwaiting).toBe(false)
  })

  test('is never of more than has arrived and is not sent back yet, also with many requests at once', async () => {
    const order = await delivered()
    expect(await ask(order, 4)).toMatchObject({ status: 409, body: { code: 'ORDERS_TOO_MANY_UNITS' } })
    const answers = await Promise.all(Array.from({ length: 4 }, () => ask(order, 2)))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(1)
    const { id } = returnIn(answers.find(({ status }) => status === 201) ?? (await ask(order, 1)))
    await act(order, id, 'reject', { reason: 'worn' })
    expect((await ask(order, 3)).status).toBe(201)
  })

  test('is only within the days that the shop gives', async () => {
    const order = await delivered()
    const day = 24 * 3600 * 1000
    const start = now.clock.now
    now.clock.now = new Date(start.getTime() + returnDays * day)
    expect((await ask(order, 1)).status).toBe(201)
    now.clock.now = new Date(start.getTime() + returnDays * day + 1)
    expect(await ask(order, 1)).toMatchObject({ status: 409 })
  })

  test('that was rejected goes no further, and says why', async () => {
    const order = await delivered()
    const { id } = returnIn(await ask(order, 1))
    expect(returnIn(await act(order, id, 'reject', { reason: 'worn' }))).toMatchObject({ rejection: 'worn' })
    expect((await act(order, id, 'reject', { reason: 'worn' })).status).toBe(200)
    expect((await act(order, id, 'approve')).status).toBe(409)
    expect((await receive(order, id, 1, 0)).status).toBe(409)
    expect((await act(order, id, 'refund', {})).status).toBe(409)
  })

  test('takes no more than was announced, at least one unit, once', async () => {
    const order = await delivered()
    const { id } = returnIn(await ask(order, 2))
    await act(order, id, 'approve')
    expect((await receive(order, id, 2, 1)).status).toBe(409)
    expect(await receive(order, id, 0, 0)).toMatchObject({ status: 422, body: { code: 'ORDERS_NOTHING_RECEIVED' } })
    expect((await receive(order, id, 1, 0)).status).toBe(200)
    expect((await receive(order, id, 1, 0)).status).toBe(409)
    // The unit that did not come may still be sent back.
    expect((await ask(order, 2)).status).toBe(201)
  })

  test('whose refund was refused shows it, and is paid back under a new id', async () => {
    const order = await delivered()
    const { id } = returnIn(await ask(order, 1))
    await act(order, id, 'approve')
    await receive(order, id, 1, 0)
    shop.others.refusesRefunds = true
    await act(order, id, 'refund', { amountMinor: 200 })
    await shop.answer()
    shop.others.refusesRefunds = false
    expect(await order.read()).toMatchObject({
      returns: [{ status: 'refunding' }],
      refunds: [{ status: 'failed', failure: 'account closed' }],
    })
    expect((await order.saga()).isAwaiting).toBe(false)
    const key = newId('key')
    const again = () => act(order, id, 'refund', { amountMinor: 200 }, key)
    expect((await again()).status).toBe(200)
    await shop.answer()
    const { returns, refunds } = await order.read()
    expect(returns).toMatchObject([{ status: 'refunded' }])
    expect(refunds?.map(({ status }) => status)).toEqual(['failed', 'succeeded'])
    expect(shop.others.keptMinor(order.id)).toBe(799)
    const replayed = await again()
    expect([replayed.status, replayed.headers['idempotent-replayed']]).toEqual([200, 'true'])
    expect((await order.read()).refunds).toHaveLength(2)
  })

  test('is received once per key, so that units go on the shelf once', async () => {
    const order = await delivered()
    const { id } = returnIn(await ask(order, 2))
    await act(order, id, 'approve')
    const [lineId] = await order.lineIds()
    const body = { lines: [{ lineId, restock: 2, writeOff: 0 }] }
    const key = newId('key')
    const [first, second] = [await act(order, id, 'receive', body, key), await act(order, id, 'receive', body, key)]
    expect(second.body).toEqual(first.body)
    await shop.answer()
    expect(typesOf(now, order.id).filter((type) => type === 'orders.units.returned.v1')).toHaveLength(1)
  })
})

describe('a goodwill refund', () => {
  const refund = (order: TestOrder, amountMinor: number, key?: string) =>
    order.call('POST', '/refunds', operator, { amountMinor, reason: 'came late' }, key)

  test('is never above what was captured and is not asked back, also with many requests at once', async () => {
    const order = await shop.confirmed([2, 500])
    expect(await refund(order, 1001)).toMatchObject({ status: 409, body: { code: 'ORDERS_REFUND_TOO_HIGH' } })
    const answers = await Promise.all(Array.from({ length: 5 }, () => refund(order, 400)))
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([201, 201, 409, 409, 409])
    await shop.answer()
    expect(shop.others.keptMinor(order.id)).toBe(200)
    expect((await refund(order, 201)).status).toBe(409)
    expect((await refund(order, 200)).status).toBe(201)
    await shop.answer()
    expect(await order.read()).toMatchObject({ status: 'confirmed', paymentStatus: 'refunded' })
  })

  test('is given once per key', async () => {
    const order = await shop.confirmed([1, 500])
    const key = newId('key')
    const [first, second] = [await refund(order, 100, key), await refund(order, 100, key)]
    expect(second.body).toEqual(first.body)
    await shop.answer()
    expect((await refund(order, 100, key)).body).toEqual(first.body)
    expect(shop.others.keptMinor(order.id)).toBe(400)
  })

  test('keeps the words of the operator out of events', async () => {
    const order = await shop.confirmed([1, 500])
    await refund(order, 100)
    await shop.answer()
    expect(JSON.stringify(now.published)).not.toContain('came late')
    expect(JSON.stringify(await order.timeline())).toContain('came late')
  })

  test('is not given before anything was captured', async () => {
    const order = await shop.confirmed([1, 500])
    await now.db.collection('orders').countDocuments()
    const pendingOrder = await now.request('POST', '/v1/orders', {
      as: order.customer,
      headers: { 'idempotency-key': newId('key') },
      body: { lines: [{ sku: order.skus[0], quantity: 1 }], paymentMethod: 'pm_approve' },
    })
    const { id }: { id: string } = JSON.parse(JSON.stringify(pendingOrder.body))
    const answer = await now.request('POST', `/v1/orders/${id}/refunds`, {
      as: operator,
      headers: { 'idempotency-key': newId('key') },
      body: { amountMinor: 1, reason: 'x' },
    })
    expect(answer).toMatchObject({ status: 409, body: { code: 'ORDERS_NOT_REFUNDABLE' } })
    await shop.answer()
  })
})

describe('what was asked for', () => {
  test('is asked for again with the same event until it is answered, and then not any more', async () => {
    const order = await shop.confirmed([2, 500])
    await order.ship(1)
    await order.cancel()
    await now.settle()
    const asked = () =>
      now.published
        .filter(
          ({ type, data }) => /refund.requested|units.returned/.test(type) && JSON.stringify(data).includes(order.id),
        )
        .map(({ id, type }) => `${type} ${id}`)
    const first = asked()
    expect(first).toHaveLength(2)
    now.clock.now = new Date(now.clock.now.getTime() + times.reminderMs)
    await now.app.reconcile()
    await now.settle()
    expect(asked().slice(2).toSorted()).toEqual(first.toSorted())
    await shop.answer()
    now.clock.now = new Date(now.clock.now.getTime() + 100 * times.reminderMs)
    await now.app.reconcile()
    await now.settle()
    expect(asked()).toHaveLength(4)
    const stored = await now.db.collection<{ _id: string }>('orders').findOne({ _id: order.id })
    expect(stored).not.toHaveProperty('dueAt')
  })

  test('is asked for again at once by an operator', async () => {
    const order = await shop.confirmed([2, 500])
    await order.call('POST', '/refunds', operator, { amountMinor: 100, reason: 'late' })
    await now.settle()
    const before = typesOf(now, order.id).filter((type) => type === 'orders.refund.requested.v1').length
    await now.request('POST', `/v1/ops/sagas/${order.id}`, { as: operator, body: { action: 'retry' } })
    await now.settle()
    const after = typesOf(now, order.id).filter((type) => type === 'orders.refund.requested.v1').length
    expect([before, after]).toEqual([1, 2])
    await shop.answer()
  })
})

describe('the history of an order', () => {
  test('tells who did what, what others answered, and under which trace', async () => {
    const order = await shop.confirmed([2, 500])
    const sent = await order.ship(1)
    await order.cancel()
    await shop.answer()
    await order.deliver(sent.id)
    const timeline = await order.timeline()
    const types = timeline.map(({ type }) => type)
    for (const type of [
      'orders.order.placed',
      'inventory.reservation.committed',
      'payments.payment.captured',
      'orders.fulfilment.created',
      'orders.fulfilment.shipped',
      'orders.order.edited',
      'orders.units.returned',
      'orders.refund.requested',
      'payments.refund.succeeded',
      'inventory.stock.restocked',
      'orders.fulfilment.delivered',
      'orders.order.completed',
    ]) {
      expect(types).toContain(type)
    }
    const byOperator = timeline.filter(({ data }) => data['operatorId'] === operator.userId).map(({ type }) => type)
    expect(byOperator).toEqual([
      'orders.fulfilment.created',
      'orders.fulfilment.shipped',
      'orders.fulfilment.delivered',
    ])
    expect(timeline.filter(({ traceId }) => !/^[0-9a-f]{32}$/.test(traceId ?? ''))).toEqual([])
    const stream = await now.request('GET', `/v1/orders/${order.id}/stream`, { as: order.customer })
    expect(String(stream.body)).toContain('event: orders.fulfilment.shipped')
  })
})

describe('somebody else', () => {
  test('finds no order to change, and customers do nothing that operators do', async () => {
    const order = await shop.confirmed([1, 500])
    const stranger = newCustomer()
    const [sku] = order.skus
    const [lineId] = await order.lineIds()
    const lines = [{ lineId, quantity: 1 }]
    const own = [
      await order.call('POST', '/edits', stranger, { lines: [{ sku, quantity: 2 }] }),
      await order.call('POST', '/returns', stranger, { lines, reason: 'x' }),
      await order.call('POST', '/cancel', stranger, {}),
    ]
    expect(own.map(({ status }) => status)).toEqual([404, 404, 404])
    const operators = [
      await order.call('POST', '/fulfilments', order.customer, { lines }),
      await order.call('POST', '/refunds', order.customer, { amountMinor: 1, reason: 'x' }),
      await order.call('POST', `/returns/${newId('ret')}/approve`, order.customer),
    ]
    expect(operators.map(({ status }) => status)).toEqual([403, 403, 403])
  })
})
