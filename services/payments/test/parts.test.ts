import type { DomainEvent } from '@tradewind/contracts/event'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cancelled,
  confirmed,
  confirmedToShip,
  refundRequested,
  reserved,
  reservedForNothing,
  shipped,
} from './order-events.ts'
import { type PaymentsUnderTest, paymentIdOf, startPayments } from './payments-under-test.ts'

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
/** What was told of an order, without its ids and without what was said again. */
const toldOf = (orderId: string) => {
  const own = payments.published.filter(({ data }) => JSON.stringify(data).includes(orderId))
  const once = new Map(own.map((event) => [event.id, event]))
  return [...once.values()].map(({ type, data }) => {
    const {
      orderId: _orderId,
      paymentId: _paymentId,
      ...rest
    }: Record<string, unknown> = JSON.parse(JSON.stringify(data))
    return [type.replace(/^payments\.|\.v1$/g, ''), rest] as const
  })
}
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })

describe('an order that is captured as it ships', () => {
  test('is captured part by part, each with its shipment', async () => {
    const [first, second] = [newId('ful'), newId('ful')]
    const orderId = await after(reserved, confirmedToShip, shipped(1000, false, first))
    expect(await payments.charge(orderId)).toMatchObject({ state: 'authorized', captures: 1, capturedMinor: 1000 })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'partially_captured' })
    await payments.deliver(shipped(1500, true, second)(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ state: 'captured', captures: 2, capturedMinor: 2500 })
    expect(toldOf(orderId)).toEqual([
      ['payment.authorized', { amount: eur(2500) }],
      ['payment.captured', { amount: eur(1000), fulfilmentId: first }],
      ['payment.captured', { amount: eur(1500), fulfilmentId: second }],
    ])
  })

  test('releases what the last part leaves, once nothing can be on its way any more', async () => {
    const orderId = await after(reserved, confirmedToShip, shipped(1000, true))
    expect(await payments.charge(orderId)).toMatchObject({ state: 'authorized', capturedMinor: 1000 })
    await payments.deliver(shipped(500)(orderId))
    payments.clock.now = new Date(payments.clock.now.getTime() + 5 * 60_000)
    await payments.app.sweep()
    expect(await payments.charge(orderId)).toMatchObject({ state: 'captured', capturedMinor: 1500 })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured', authorization: 'closed' })
  })

  test('takes nothing for a shipment that asks for nothing', async () => {
    const orderId = await after(reserved, confirmedToShip, shipped(0))
    expect(await payments.charge(orderId)).toMatchObject({ captures: 0 })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized', ledger: [] })
  })

  test('never captures more than is held, and says so', async () => {
    const fulfilmentId = newId('ful')
    const orderId = await after(reserved, confirmedToShip, shipped(2000), shipped(600, false, fulfilmentId))
    expect(await payments.charge(orderId)).toMatchObject({ capturedMinor: 2000 })
    const amount = eur(600)
    const reason = 'more than what is still held'
    expect(toldOf(orderId).at(-1)).toEqual([
      'capture.failed',
      { captureId: fulfilmentId, fulfilmentId, amount, reason },
    ])
  })

  test('says so when the provider refuses a capture for good', async () => {
    const orderId = await after(reserved, confirmedToShip)
    await payments.script({ step: 'capture', outcome: 'refuse', paymentId: paymentIdOf(orderId) })
    await payments.deliver(shipped(1000)(orderId))
    expect(toldOf(orderId).at(-1)).toMatchObject(['capture.failed', { reason: 'the provider refuses' }])
    expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized', capturedMinor: 0 })
  })

  test('gives up what is held and gives back what was taken when it is cancelled', async () => {
    const orderId = await after(reserved, confirmedToShip, shipped(1000), refundRequested(300), cancelled)
    expect(await payments.charge(orderId)).toMatchObject({
      state: 'refunded',
      capturedMinor: 1000,
      refundedMinor: 1000,
    })
    const refundId = orderId.replace('ord_', 'ref_')
    expect(toldOf(orderId).at(-1)).toEqual(['refund.succeeded', { refundId, amount: eur(700) }])
  })

  test('says that nothing is kept when everything had been given back before it was cancelled', async () => {
    const orderId = await after(reserved, confirmed, refundRequested(2500), cancelled)
    expect(await payments.charge(orderId)).toMatchObject({ captures: 1, refunds: 1 })
    expect(toldOf(orderId).at(-1)).toEqual(['payment.voided', {}])
  })
})

describe('a refund', () => {
  test('waits until enough was captured', async () => {
    const refundId = newId('ref')
    const orderId = await after(reserved, confirmedToShip, refundRequested(1200, refundId), shipped(1000))
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 0 })
    await payments.deliver(shipped(1500, true)(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 1, refundedMinor: 1200 })
    expect(toldOf(orderId).at(-1)).toEqual(['refund.succeeded', { refundId, amount: eur(1200) }])
  })

  test('of more than was captured fails and gives nothing back', async () => {
    const refundId = newId('ref')
    const orderId = await after(reserved, confirmed, refundRequested(2000), refundRequested(600, refundId))
    const reason = 'more than remains to be given back'
    expect(toldOf(orderId).at(-1)).toEqual(['refund.failed', { refundId, amount: eur(600), reason }])
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 1, refundedMinor: 2000 })
  })

  test('that the provider refuses for good fails and leaves the rest refundable', async () => {
    const orderId = await after(reserved, confirmed)
    await payments.script({ step: 'refund', outcome: 'refuse', paymentId: paymentIdOf(orderId) })
    await payments.deliver(refundRequested(600)(orderId))
    expect(toldOf(orderId).at(-1)).toMatchObject(['refund.failed', { reason: 'the provider refuses' }])
    await payments.deliver(refundRequested(2500)(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 1, refundedMinor: 2500 })
  })

  test('that is asked for again is told of again, and no other', async () => {
    const [first, second] = [newId('ref'), newId('ref')]
    const orderId = await after(reserved, confirmed, refundRequested(300, first), refundRequested(400, second))
    for (const [refundId, amountMinor] of [
      [first, 300],
      [second, 400],
    ] as const) {
      const before = payments.published.length
      await payments.deliver(refundRequested(amountMinor, refundId)(orderId))
      const again = payments.published.slice(before).filter(({ data }) => JSON.stringify(data).includes(orderId))
      expect(again).toMatchObject([{ type: 'payments.refund.succeeded.v1', data: { refundId } }])
    }
  })
})

describe('a capture', () => {
  test('that is asked for again is told of again, and no other', async () => {
    const fulfilments = [newId('ful'), newId('ful')] as const
    const orderId = await after(reserved, confirmedToShip, ...fulfilments.map((one) => shipped(1000, false, one)))
    for (const fulfilmentId of fulfilments) {
      const before = payments.published.length
      await payments.deliver(shipped(1000, false, fulfilmentId)(orderId))
      const again = payments.published.slice(before).filter(({ data }) => JSON.stringify(data).includes(orderId))
      expect(again).toMatchObject([{ type: 'payments.payment.captured.v1', data: { fulfilmentId } }])
    }
  })
})

describe('an order that costs nothing', () => {
  test('is paid without the provider', async () => {
    const orderId = await after(reservedForNothing, confirmed, refundRequested(0))
    expect(await payments.charge(orderId)).toBeUndefined()
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured', ledger: [] })
    expect(toldOf(orderId).map(([type]) => type)).toEqual([
      'payment.authorized',
      'payment.captured',
      'refund.succeeded',
    ])
    await payments.deliver(cancelled(orderId))
    expect(toldOf(orderId).at(-1)).toEqual(['payment.voided', {}])
  })
})

describe('whatever the order of arrival', () => {
  test('an order that ships and gives something back ends the same', async () => {
    const [first, second, refundId] = [newId('ful'), newId('ful'), newId('ref')]
    const events = [
      reserved,
      confirmedToShip,
      shipped(1000, false, first),
      shipped(900, true, second),
      refundRequested(500, refundId),
    ]
    const turns = events.map((_, turn) => [...events.slice(turn), ...events.slice(0, turn)])
    for (const order of [...turns, events.toReversed()]) {
      const orderId = newId('ord')
      for (const event of order) await payments.publish(event(orderId))
      for (const event of order) await payments.publish(event(orderId))
      await payments.settle()
      payments.clock.now = new Date(payments.clock.now.getTime() + 5 * 60_000)
      await payments.app.sweep()
      expect(await payments.charge(orderId)).toMatchObject({ captures: 2, capturedMinor: 1900, refundedMinor: 500 })
      expect(await payments.payment(orderId)).toMatchObject({ status: 'partially_refunded', authorization: 'closed' })
      const told = toldOf(orderId).map(([type]) => type)
      expect(told.toSorted((a, b) => a.localeCompare(b))).toEqual([
        'payment.authorized',
        'payment.captured',
        'payment.captured',
        'refund.succeeded',
      ])
    }
    expect(await payments.deadLetters()).toBe(0)
  })
})
