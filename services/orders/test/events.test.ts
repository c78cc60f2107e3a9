import { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import type { DomainEvent } from '@tradewind/contracts/event'
import { RefundRequestedV1, UnitsReturnedV1 } from '@tradewind/contracts/fulfilment'
import { StockRestockedV1 } from '@tradewind/contracts/inventory'
import { CaptureFailedV1, RefundFailedV1, RefundSucceededV1 } from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders, times } from './orders-under-test.ts'
import { newCustomer, orderAfter, place, product, readOrder, reports } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const customer = newCustomer()
const after = (...steps: readonly (keyof typeof reports)[]) => orderAfter(orders, customer, ...steps)
const eventsOf = (orderId: string) =>
  orders.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ type }) => type)
const handlers = () => {
  const { onProducts, onReservations, onRestocks, onPayments, onNotifications } = orders.app
  return [...onProducts, ...onReservations, ...onRestocks, ...onPayments, ...onNotifications]
}
const cancel = (orderId: string) => orders.request('POST', `/v1/orders/${orderId}/cancel`, { as: customer, body: {} })
const advance = (milliseconds: number) => {
  orders.clock.now = new Date(orders.clock.now.getTime() + milliseconds)
}

/** A paid order of which one of two units was taken out, and what that asked for. */
async function afterEdit(): Promise<{ orderId: string; refundId: string; restockId: string }> {
  const orderId = await after('held', 'authorized', 'committed', 'captured', 'told')
  const { lines } = await readOrder(orders, orderId)
  const answer = await orders.request('POST', `/v1/orders/${orderId}/edits`, {
    as: customer,
    headers: { 'idempotency-key': newId('key') },
    body: { lines: lines.map(({ sku }) => ({ sku, quantity: 1 })) },
  })
  expect(answer.status).toBe(201)
  await orders.settle()
  const found = { orderId, refundId: '', restockId: '' }
  for (const { type, data } of orders.published) {
    if (type === RefundRequestedV1.type && RefundRequestedV1.matches(data) && data.orderId === orderId)
      found.refundId = data.refundId
    if (type === UnitsReturnedV1.type && UnitsReturnedV1.matches(data) && data.orderId === orderId) {
      found.restockId = data.restockId
    }
  }
  return found
}
const half = { amountMinor: 1250, currency: 'EUR' }

/** Each event with the life of an order that it comes into. */
const redelivered: Record<string, Record<string, () => Promise<DomainEvent>>> = {
  [ProductUpsertedV1.type]: {
    'of a new product': async () => product([{ sku: newId('sku') }]),
    'of a product that is retired': async () => product([{ sku: newId('sku') }], { version: 3, status: 'retired' }),
  },
  'inventory.reservation.held.v1': { 'of a new order': async () => reports.held(await after()) },
  'inventory.reservation.rejected.v1': { 'of a new order': async () => reports.rejected(await after()) },
  'inventory.reservation.committed.v1': {
    'of an authorised order': async () => reports.committed(await after('held', 'authorized')),
  },
  'inventory.reservation.released.v1': {
    'of a cancelled order': async () => {
      const orderId = await after('held')
      await cancel(orderId)
      return reports.released(orderId)
    },
  },
  'inventory.reservation.expired.v1': {
    'of a held order': async () => reports.holdExpired(await after('held')),
    'of an authorised order': async () => reports.holdExpired(await after('held', 'authorized')),
  },
  'payments.payment.authorized.v1': { 'of a held order': async () => reports.authorized(await after('held')) },
  'payments.payment.declined.v1': { 'of a held order': async () => reports.declined(await after('held')) },
  'payments.payment.captured.v1': {
    'of a confirmed order': async () => reports.captured(await after('held', 'authorized', 'committed')),
  },
  'payments.payment.voided.v1': {
    'of an expired order': async () => reports.voided(await after('held', 'authorized', 'holdExpired')),
  },
  'payments.refund.succeeded.v1': {
    'of a cancelled order': async () => {
      const orderId = await after('held', 'authorized', 'committed', 'captured')
      await cancel(orderId)
      return reports.refunded(orderId)
    },
    'of a part that was asked for': async () => {
      const { orderId, refundId } = await afterEdit()
      const paymentId = orderId.replace('ord_', 'pay_')
      return RefundSucceededV1.create(newId('evt'), { orderId, paymentId, refundId, amount: half })
    },
    'of a part that nobody asked for here': async () =>
      reports.refunded(await after('held', 'authorized', 'committed', 'captured')),
  },
  'payments.capture.failed.v1': {
    'of a confirmed order': async () => {
      const orderId = await after('held', 'authorized', 'committed')
      const refused = { orderId, paymentId: orderId.replace('ord_', 'pay_'), captureId: newId('cap'), amount: half }
      return CaptureFailedV1.create(newId('evt'), { ...refused, reason: 'closed' })
    },
  },
  'payments.refund.failed.v1': {
    'of a part that was asked for': async () => {
      const { orderId, refundId } = await afterEdit()
      const given = { orderId, paymentId: orderId.replace('ord_', 'pay_'), refundId, amount: half }
      return RefundFailedV1.create(newId('evt'), { ...given, reason: 'account closed' })
    },
  },
  'inventory.stock.restocked.v1': {
    'of units that were taken out': async () => {
      const { orderId, restockId } = await afterEdit()
      return StockRestockedV1.create(newId('evt'), { orderId, restockId, lines: [] })
    },
  },
  'notifications.notification.sent.v1': {
    'of a confirmed order': async () => reports.told(await after('held', 'authorized', 'committed')),
  },
  'notifications.notification.failed.v1': {
    'of a confirmed order': async () => reports.notTold(await after('held', 'authorized', 'committed')),
  },
}

test('every event that the service reacts to is redelivered here', () => {
  const registered = handlers().map(({ contract }) => contract.type)
  expect(new Set(Object.keys(redelivered))).toEqual(new Set(registered))
  expect(new Set(registered).size).toBe(registered.length)
})

describe('an event that comes three times changes nothing after the first', () => {
  const cases = Object.entries(redelivered).flatMap(([type, ways]) =>
    Object.entries(ways).map(([way, prepare]) => [type, way, prepare] as const),
  )
  test.each(cases)('%s %s', async (_type, _way, prepare) => {
    const event = await prepare()
    await orders.settle()
    const untouched = await orders.contents()
    await orders.deliver(event)
    const before = await orders.contents()
    expect(before).not.toEqual(untouched)
    const known = orders.published.length

    await orders.publish(event)
    await orders.deliver(event)
    expect(await orders.contents()).toEqual(before)
    expect(orders.published.slice(known)).toEqual([])
    expect(await orders.deadLetters()).toBe(0)
  })
})

describe('whatever the order of arrival', () => {
  test('an order that was cancelled stays so when its stock is reported late', async () => {
    const orderId = await after()
    await cancel(orderId)
    await orders.deliver(reports.released(orderId))
    await orders.deliver(reports.held(orderId))
    await orders.deliver(reports.committed(orderId))
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'cancelled' })
    expect(eventsOf(orderId)).toEqual(['orders.order.placed.v1', 'orders.order.cancelled.v1'])
  })

  test('an order tells of mails that it does not wait for, each once, and waits no longer or shorter for them', async () => {
    const orderId = await after('held', 'authorized', 'committed', 'captured')
    await orders.deliver(reports.told(orderId))
    const before = await readOrder(orders, orderId)
    for (const template of ['order-edited', 'fulfilment-shipped', 'return-refunded'] as const) {
      const report = reports.told(orderId, template)
      await orders.deliver(report)
      await orders.deliver(report)
    }
    const {
      status,
      timeline = [],
      dueAt,
    } = (await orders.db
      .collection<{ _id: string; status: string; timeline: { type: string }[]; dueAt?: Date }>('orders')
      .findOne({ _id: orderId })) ?? { status: 'missing' }
    expect([status, dueAt]).toEqual([before.status, undefined])
    expect(timeline.filter(({ type }) => type === 'notifications.notification.sent')).toHaveLength(4)
    expect(await orders.deadLetters()).toBe(0)
  })

  test('an order whose hold has expired is not reserved by a hold that is reported late', async () => {
    const orderId = await after('holdExpired', 'held')
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'expired', reason: 'reservation_expired' })
  })

  test('an order is not confirmed by its stock before its payment', async () => {
    const orderId = await after('held', 'committed')
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'reserved' })
    await orders.deliver(reports.authorized(orderId))
    await orders.deliver(reports.committed(orderId))
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'confirmed' })
  })

  test('what was refunded is not captured by a report that comes late', async () => {
    const orderId = await after('held', 'authorized', 'committed')
    await cancel(orderId)
    await orders.deliver(reports.refunded(orderId))
    await orders.deliver(reports.captured(orderId))
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'cancelled', paymentStatus: 'refunded' })
  })

  test('a report of an order that nobody knows is refused, so that it is tried again', async () => {
    const event = reports.held(newId('ord'))
    const handler = handlers().find(({ contract }) => contract.type === event.type)
    await expect(handler?.handle({ ...event, time: new Date() })).rejects.toThrow(
      expect.objectContaining({ code: 'DATABASE_NOT_FOUND' }),
    )
  })
})

describe('the saga', () => {
  test('goes from placed to confirmed, and is not waited for once all is told', async () => {
    const orderId = await after('held', 'authorized', 'committed', 'captured', 'told')
    expect(eventsOf(orderId)).toEqual([
      'orders.order.placed.v1',
      'orders.order.reserved.v1',
      'orders.order.authorized.v1',
      'orders.order.confirmed.v1',
    ])
    const stored = await orders.db.collection<{ _id: string }>('orders').findOne({ _id: orderId })
    expect(stored).toMatchObject({ status: 'confirmed' })
    expect(stored).not.toHaveProperty('dueAt')
  })

  test('is cancelled by a declined card', async () => {
    const orderId = await after('held', 'declined')
    expect(await readOrder(orders, orderId)).toMatchObject({
      status: 'cancelled',
      reason: 'payment_declined',
      paymentStatus: 'declined',
    })
  })

  test('is rejected when the stock is short', async () => {
    const orderId = await after('rejected')
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'rejected', reason: 'out_of_stock' })
  })
})

describe('the reconciler', () => {
  const announcements = (orderId: string) =>
    orders.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ id, type }) => `${type} ${id}`)

  test('asks again with the same event when an answer does not come, each time after a longer wait', async () => {
    const orderId = await after('held')
    await orders.settle()
    const [, asked] = announcements(orderId)
    advance(times.reminderMs - 1)
    await orders.app.reconcile()
    await orders.settle()
    expect(announcements(orderId)).toHaveLength(2)
    for (const [milliseconds, count] of [
      [1, 3],
      [times.reminderMs * 2, 4],
      [times.reminderMs * 2, 4],
      [times.reminderMs * 2, 5],
    ] as const) {
      advance(milliseconds)
      await orders.app.reconcile()
      await orders.settle()
      expect(announcements(orderId)).toHaveLength(count)
      expect(new Set(announcements(orderId).slice(1))).toEqual(new Set([asked]))
    }
  })

  test('gives up an order whose stock or payment does not come in time, once', async () => {
    const [stuck, unpaid] = [await after(), await after('held')]
    advance(times.stepDeadlineMs)
    await Promise.all([orders.app.reconcile(), orders.app.reconcile()])
    await orders.app.reconcile()
    await orders.settle()
    expect(await readOrder(orders, stuck)).toMatchObject({ status: 'expired', reason: 'reservation_timeout' })
    expect(await readOrder(orders, unpaid)).toMatchObject({ status: 'expired', reason: 'payment_timeout' })
    expect(eventsOf(stuck)).toEqual(['orders.order.placed.v1', 'orders.order.expired.v1'])
  })

  test('never gives up an order that is authorised', async () => {
    const orderId = await after('held', 'authorized')
    advance(10 * times.stepDeadlineMs)
    await orders.app.reconcile()
    expect(await readOrder(orders, orderId)).toMatchObject({ status: 'authorized' })
  })

  test('leaves settled orders alone', async () => {
    const orderId = await after('held', 'authorized', 'committed', 'captured', 'told')
    const { version } = await readOrder(orders, orderId)
    advance(10 * times.stepDeadlineMs)
    await orders.app.reconcile()
    expect(await readOrder(orders, orderId)).toMatchObject({ version })
  })
})

describe('the catalogue', () => {
  const at = (minute: number) => new Date(Date.UTC(2026, 0, 1, 0, minute))
  const priceOf = async (sku: string) => {
    const answer = await place(orders, customer, { lines: [{ sku, quantity: 1 }], paymentMethod: 'pm_approve' })
    const body: { code?: string; total?: { amountMinor: number } } = JSON.parse(JSON.stringify(answer.body))
    return body.total?.amountMinor ?? body.code
  }

  /** Every order in which events can arrive. */
  const permutations = <T>(items: readonly T[]): T[][] =>
    items.length === 0
      ? [[]]
      : items.flatMap((item, index) => permutations(items.toSpliced(index, 1)).map((rest) => [item, ...rest]))

  test('ends with the last version of a product, however its versions arrive', async () => {
    for (const order of permutations([1, 2, 3])) {
      const [productId, kept, dropped] = [newId('prd'), newId('sku'), newId('sku')]
      const versions = [
        product([{ sku: kept, amountMinor: 100 }], { productId, version: 1 }),
        product([{ sku: kept, amountMinor: 200 }, { sku: dropped }], { productId, version: 2 }),
        product([{ sku: kept, amountMinor: 300 }], { productId, version: 3 }),
      ]
      for (const version of order) await orders.deliver(versions[version - 1] ?? product([]), at(version))
      expect([order, await priceOf(kept), await priceOf(dropped)]).toEqual([order, 300, 'ORDERS_UNKNOWN_SKU'])
    }
  })

  test('takes versions that arrive at the same moment', async () => {
    for (let round = 0; round < 5; round += 1) {
      const [productId, sku] = [newId('prd'), newId('sku')]
      const versions = Array.from({ length: 8 }, (_, index) =>
        product([{ sku, amountMinor: index + 1 }], { productId, version: index + 1 }),
      )
      await Promise.all(versions.map((version) => orders.publish(version)))
      await orders.settle()
      expect(await priceOf(sku)).toBe(8)
    }
  })

  test('knows whose a SKU is that moved from one product to another, however the news arrive', async () => {
    for (const order of permutations([0, 1, 2])) {
      const [first, second, sku] = [newId('prd'), newId('prd'), newId('sku')]
      const news = [
        product([{ sku, amountMinor: 100 }], { productId: first, version: 1 }),
        product([{ sku: newId('sku') }], { productId: first, version: 2 }),
        product([{ sku, amountMinor: 300 }], { productId: second, version: 1 }),
      ]
      for (const index of [...order, ...order]) await orders.deliver(news[index] ?? product([]), at(index))
      expect([order, await priceOf(sku)]).toEqual([order, 300])
    }
  })

  test('sells nothing that was retired, and sells it again when it is back', async () => {
    const [productId, sku] = [newId('prd'), newId('sku')]
    await orders.deliver(product([{ sku }], { productId, version: 1 }))
    await orders.deliver(product([{ sku }], { productId, version: 2, status: 'retired' }))
    expect(await priceOf(sku)).toBe('ORDERS_UNKNOWN_SKU')
    await orders.deliver(product([{ sku, amountMinor: 900 }], { productId, version: 3 }))
    expect(await priceOf(sku)).toBe(900)
  })
})
