import type { DomainEvent } from '@tradewind/contracts/event'
import { FulfilmentShippedV1, RefundRequestedV1 } from '@tradewind/contracts/fulfilment'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderReservedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cancelled,
  confirmed,
  confirmedToShip,
  expired,
  refundRequested,
  reserved,
  reservedForNothing,
  shipped,
  total,
} from './order-events.ts'
import { type PaymentsUnderTest, startPayments } from './payments-under-test.ts'

let backends: Backends
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  payments = await startPayments({ ...backends, database: backends.databaseName('payments') })
})
afterAll(async () => {
  await payments.stop()
  await backends.stop()
})

async function after(...events: readonly ((orderId: string) => DomainEvent)[]): Promise<string> {
  const orderId = newId('ord')
  for (const event of events) await payments.deliver(event(orderId))
  return orderId
}
const declinedCard = (orderId: string) => reserved(orderId, 'pm_decline')
const eventsOf = (orderId: string) =>
  payments.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ type }) => type)

/** Each event with the life of an order that it comes into. */
const redelivered: Record<string, Record<string, () => Promise<DomainEvent>>> = {
  [OrderReservedV1.type]: {
    'with a good card': async () => reserved(newId('ord')),
    'with a bad card': async () => reserved(newId('ord'), 'pm_insufficient_funds'),
    'with a card whose answer is lost': async () => reserved(newId('ord'), 'pm_timeout_then_charge'),
  },
  [OrderConfirmedV1.type]: {
    'of an authorised payment': async () => confirmed(await after(reserved)),
    'of an order that costs nothing': async () => confirmed(await after(reservedForNothing)),
    'of an order that is not known yet': async () => confirmed(newId('ord')),
  },
  [FulfilmentShippedV1.type]: {
    'of a part': async () => shipped(1000)(await after(reserved, confirmedToShip)),
    'of the last part': async () => shipped(1500, true)(await after(reserved, confirmedToShip, shipped(1000))),
    'of more than is held': async () => shipped(2501)(await after(reserved, confirmedToShip)),
  },
  [RefundRequestedV1.type]: {
    'of a captured payment': async () => refundRequested(700)(await after(reserved, confirmed)),
    'of a payment that was refunded before': async () =>
      refundRequested(700)(await after(reserved, confirmed, refundRequested(300))),
    'of an authorised payment': async () => refundRequested(700)(await after(reserved)),
    'of more than was captured': async () => refundRequested(2501)(await after(reserved, confirmed)),
  },
  [OrderCancelledV1.type]: {
    'of an authorised payment': async () => cancelled(await after(reserved)),
    'of a captured payment': async () => cancelled(await after(reserved, confirmed)),
    'of a payment that was captured in part': async () =>
      cancelled(await after(reserved, confirmedToShip, shipped(1000))),
    'of a payment that was refunded in part': async () =>
      cancelled(await after(reserved, confirmed, refundRequested(300))),
    'of a payment that was given back': async () => cancelled(await after(reserved, confirmed, refundRequested(2500))),
    'of a declined payment': async () => cancelled(await after(declinedCard)),
    'of an order whose payment never began': async () => cancelled(newId('ord')),
  },
  [OrderExpiredV1.type]: {
    'of an authorised payment': async () => expired(await after(reserved)),
    'of an order whose payment never began': async () => expired(newId('ord')),
  },
}

test('every event that the service reacts to is redelivered here', () => {
  const registered = payments.app.onOrders.map(({ contract }) => contract.type)
  expect(new Set(Object.keys(redelivered))).toEqual(new Set(registered))
  expect(new Set(registered).size).toBe(registered.length)
})

describe('an event that comes three times changes nothing after the first', () => {
  const cases = Object.entries(redelivered).flatMap(([type, ways]) =>
    Object.entries(ways).map(([way, prepare]) => [type, way, prepare] as const),
  )
  test.each(cases)('%s %s', async (_type, _way, prepare) => {
    const event = await prepare()
    const untouched = await payments.contents()
    await payments.deliver(event)
    const before = await payments.contents()
    expect(before).not.toEqual(untouched)
    const known = new Set(payments.published.map(({ id }) => id))

    await payments.publish(event)
    await payments.deliver(event)
    expect(await payments.contents()).toEqual(before)
    expect(payments.published.filter(({ id }) => !known.has(id))).toEqual([])
    expect(await payments.deadLetters()).toBe(0)
  })
})

describe('whatever the order of arrival', () => {
  test.each([
    ['cancelled', cancelled],
    ['expired', expired],
  ])('nothing is ever authorised for an order that was %s before it was reserved', async (_name, stop) => {
    const orderId = await after(stop, reserved, confirmed)
    expect(await payments.payment(orderId)).toMatchObject({ status: 'voided', isCancelled: true })
    expect(await payments.charge(orderId)).toBeUndefined()
    expect(new Set(eventsOf(orderId))).toEqual(new Set(['payments.payment.voided.v1']))
  })

  test('an order that is confirmed before it was reserved is captured once it is', async () => {
    const orderId = newId('ord')
    await payments.publish(confirmed(orderId))
    await payments.deliver(reserved(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ state: 'captured', captures: 1 })
    expect(await payments.deadLetters()).toBe(0)
  })

  test('an order that is confirmed after it was cancelled is not captured', async () => {
    const orderId = await after(reserved, cancelled, confirmed)
    expect(await payments.charge(orderId)).toMatchObject({ state: 'voided', captures: 0 })
  })

  test('reserved, confirmed and cancelled at once end with nothing taken', async () => {
    const orders = Array.from({ length: 10 }, () => newId('ord'))
    for (const orderId of orders) {
      for (const event of [reserved, confirmed, cancelled]) await payments.publish(event(orderId))
    }
    await payments.settle()
    for (const orderId of orders) {
      const payment = await payments.payment(orderId)
      expect(['voided', 'refunded']).toContain(payment?.status)
      expect(payment?.capturedMinor).toBe(payment?.refundedMinor)
      const charge = await payments.charge(orderId)
      expect(charge?.captures ?? 0).toBe(charge?.refunds ?? 0)
      expect(charge?.state ?? 'voided').toBe(payment?.status)
    }
  })
})

describe('a payment', () => {
  test('is authorised, captured and refunded, and says so', async () => {
    const orderId = await after(reserved, confirmed, cancelled)
    const paymentId = orderId.replace('ord_', 'pay_')
    const told = payments.published.filter(({ data }) => JSON.stringify(data).includes(orderId))
    expect(told.map(({ type, data }) => [type, data])).toEqual([
      ['payments.payment.authorized.v1', { orderId, paymentId, amount: total }],
      ['payments.payment.captured.v1', { orderId, paymentId, amount: total }],
      [
        'payments.refund.succeeded.v1',
        { orderId, paymentId, refundId: orderId.replace('ord_', 'ref_'), amount: total },
      ],
    ])
    const payment = await payments.payment(orderId)
    expect(payment?.ledger.map(({ account, amountMinor }) => [account, amountMinor])).toEqual([
      ['provider', 2500],
      ['order', -2500],
      ['provider', -2500],
      ['order', 2500],
    ])
  })

  test.each([
    ['pm_decline', 'payment_declined'],
    ['pm_insufficient_funds', 'insufficient_funds'],
    ['pm_nobody_knows', 'payment_declined'],
  ])('by %s is declined: %s', async (method, reason) => {
    const orderId = await after((id) => reserved(id, method))
    expect(eventsOf(orderId)).toEqual(['payments.payment.declined.v1'])
    expect(await payments.payment(orderId)).toMatchObject({ status: 'declined', declineReason: reason })
  })

  test.each(['pm_approve', 'pm_slow', 'pm_timeout_then_charge', 'pm_timeout_no_charge', 'pm_error_once'])(
    'by %s is authorised and captured once',
    async (method) => {
      const orderId = await after((id) => reserved(id, method), confirmed)
      expect(eventsOf(orderId)).toEqual(['payments.payment.authorized.v1', 'payments.payment.captured.v1'])
      expect(await payments.charge(orderId)).toMatchObject({ state: 'captured', captures: 1, refunds: 0, method })
      expect(await payments.deadLetters()).toBe(0)
    },
  )
})
