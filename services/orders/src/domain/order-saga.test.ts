import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Refund } from './after-confirmation.ts'
import { createFulfilment, deliverFulfilment, shipFulfilment } from './fulfilment.ts'
import { createOrder, type Order, OrderNotCancellable, type OrderStatus, type StopReason } from './order.ts'
import {
  applyFact,
  cancelOrder,
  carriedOut,
  type Fact,
  isAwaiting,
  isDecided,
  remind,
  scheduled,
} from './order-saga.ts'

const now = new Date('2026-03-01T10:00:00Z')
const later = (milliseconds: number) => new Date(now.getTime() + milliseconds)
const times = { reminderMs: 5000, stepDeadlineMs: 600_000 }
const entry = { at: now, type: 'somebody.reports.something', service: 'somebody', data: {} }
const money = { amountMinor: 1000, currency: 'EUR' }

const pending = createOrder(
  {
    id: 'ord_1',
    number: 'TW-1',
    customerId: 'usr_1',
    lines: [
      { id: 'oln_1', sku: 'MUG', title: 'Mug', quantity: 2, unitPrice: { ...money, amountMinor: 500 }, total: money },
    ],
    subtotal: money,
    paymentMethod: 'pm_approve',
    idempotencyKey: 'k',
    requestHash: 'h',
  },
  now,
  times.reminderMs,
)
const apply = (order: Order, ...facts: readonly Fact[]): Order =>
  facts.reduce((before, fact) => applyFact(before, fact, entry, now).order, order)
const cancel = (order: Order, reason: StopReason = 'requested_by_customer') =>
  cancelOrder(order, reason, { at: now, data: {} }, now)

const held: Fact = { type: 'stock-held' }
const paid: Fact = { type: 'payment-authorized', paymentId: 'pay_1' }
const committed: Fact = { type: 'stock-committed' }
const told = (of: OrderStatus): Fact => ({ type: 'customer-told', of })

/** Every kind of fact. The type makes a new one a compile error here. */
const factsByType: { readonly [T in Fact['type']]: Extract<Fact, { type: T }> } = {
  'stock-held': { type: 'stock-held' },
  'stock-rejected': { type: 'stock-rejected' },
  'stock-committed': { type: 'stock-committed' },
  'stock-released': { type: 'stock-released' },
  'hold-expired': { type: 'hold-expired' },
  'payment-authorized': { type: 'payment-authorized', paymentId: 'pay_1' },
  'payment-declined': { type: 'payment-declined' },
  'payment-captured': { type: 'payment-captured' },
  'capture-refused': { type: 'capture-refused', captureId: 'ful_9', fulfilmentId: 'ful_9', reason: 'closed' },
  'payment-voided': { type: 'payment-voided' },
  'payment-refunded': { type: 'payment-refunded' },
  'refund-refused': { type: 'refund-refused', refundId: 'ref_1', reason: 'closed' },
  'units-restocked': { type: 'units-restocked', restockId: 'rst_1' },
  'customer-told': { type: 'customer-told', of: 'confirmed' },
  'mail-reported': { type: 'mail-reported', notificationId: 'ntf_1' },
}
const everyFact: readonly Fact[] = Object.values(factsByType)

/** Packs, sends and delivers so many of the two units. */
const sent = (order: Order, quantity: number, id = 'ful_1'): Order => {
  const author = { at: now }
  const packed = createFulfilment(order, { id, lines: [{ lineId: 'oln_1', quantity }] }, author).order
  return carriedOut(order, shipFulfilment(packed, id, undefined, author), now).order
}
const confirmed = apply(pending, held, paid, committed)
const arrived = (order: Order): Order => carriedOut(order, deliverFulfilment(order, 'ful_1', { at: now }), now).order

/** Every status, reached the way orders reach it. */
const byStatus: Readonly<Record<OrderStatus, Order>> = {
  pending,
  reserved: apply(pending, held),
  authorized: apply(pending, held, paid),
  confirmed,
  partially_fulfilled: sent(confirmed, 1),
  fulfilled: sent(confirmed, 2),
  completed: arrived(sent(apply(confirmed, { type: 'payment-captured' }, told('confirmed')), 2)),
  rejected: apply(pending, { type: 'stock-rejected' }),
  cancelled: cancel(pending).order,
  expired: apply(pending, held, { type: 'hold-expired' }),
}
const everyStatus = Object.entries(byStatus)
const stopped = new Set(['rejected', 'cancelled', 'expired'])

/** Where each fact leads from each status. What is not named here stays where it is. */
const arrows: Readonly<Record<string, OrderStatus>> = {
  'pending stock-held': 'reserved',
  'pending stock-rejected': 'rejected',
  'pending hold-expired': 'expired',
  'reserved payment-authorized': 'authorized',
  'reserved payment-declined': 'cancelled',
  'reserved hold-expired': 'expired',
  'authorized stock-committed': 'confirmed',
  'authorized hold-expired': 'expired',
}

describe('every fact in every status', () => {
  test('each status is reached', () => {
    for (const [status, order] of everyStatus) expect(order.status).toBe(status)
  })

  const table = everyStatus.flatMap(([status, order]) =>
    everyFact.map((fact) => [status, fact.type, order, fact] as const),
  )
  test.each(table)('%s, %s', (status, type, order, fact) => {
    const step = applyFact(order, fact, entry, now)
    const next = arrows[`${status} ${type}`]
    expect(step.order.status).toBe(next ?? status)
    expect(step.announcement).toBe(next)
    // Told once more, it changes nothing.
    const again = applyFact(step.order, fact, entry, later(1000))
    expect(again.order).toBe(step.order)
    expect(again.announcement).toBeUndefined()
  })

  test('a status that is not an end has a way on and a way out', () => {
    const open = everyStatus.filter(([, order]) => !isDecided(order))
    expect(open.map(([status]) => status)).toEqual(['pending', 'reserved', 'authorized'])
    for (const [, order] of open) {
      expect(everyFact.some((fact) => applyFact(order, fact, entry, now).announcement !== undefined)).toBe(true)
      expect(cancel(order).order.status).toBe('cancelled')
    }
  })

  test('says why an order stopped', () => {
    expect(byStatus.rejected.reason).toBe('out_of_stock')
    expect(byStatus.expired.reason).toBe('reservation_expired')
    expect(apply(pending, held, { type: 'payment-declined' }).reason).toBe('payment_declined')
  })

  test('goes into the timeline once', () => {
    expect(byStatus.confirmed.timeline.map(({ type }) => type)).toEqual([
      'orders.order.placed',
      entry.type,
      'orders.order.reserved',
      entry.type,
      'orders.order.authorized',
      entry.type,
      'orders.order.confirmed',
    ])
    expect(apply(byStatus.confirmed, held, paid, committed).timeline).toHaveLength(7)
  })
})

describe('cancelling', () => {
  test('stops an order that has not ended, also a confirmed one', () => {
    for (const status of ['pending', 'reserved', 'authorized', 'confirmed'] as const) {
      const step = cancel(byStatus[status])
      expect(step).toMatchObject({
        announcement: 'cancelled',
        order: { status: 'cancelled', reason: 'requested_by_customer' },
      })
    }
  })

  test('changes nothing the second time', () => expect(cancel(byStatus.cancelled).order).toBe(byStatus.cancelled))

  test('refuses an order that was rejected or has expired, and one of which a part has shipped', () => {
    const { rejected, expired, partially_fulfilled: underWay, fulfilled, completed } = byStatus
    for (const order of [rejected, expired, underWay, fulfilled, completed]) {
      expect(() => cancel(order)).toThrow(expect.objectContaining({ code: OrderNotCancellable.code }))
    }
  })
})

describe('the reconciler', () => {
  test('gives up what waits for stock or for the payment when the deadline has passed, not before', () => {
    for (const [status, reason] of [
      ['pending', 'reservation_timeout'],
      ['reserved', 'payment_timeout'],
    ] as const) {
      expect(remind(byStatus[status], later(times.stepDeadlineMs - 1), times)).toBe('ask-again')
      expect(remind(byStatus[status], later(times.stepDeadlineMs), times)).toMatchObject({
        announcement: 'expired',
        order: { status: 'expired', reason },
      })
    }
  })

  test('never gives up by time what was authorised or has ended', () => {
    for (const status of ['authorized', 'confirmed', 'rejected', 'cancelled', 'expired'] as const) {
      expect(remind(byStatus[status], later(100 * times.stepDeadlineMs), times)).toBe('ask-again')
    }
  })

  test('waits twice as long each time, a minute at most', () => {
    const waits = [0, 1, 2, 3, 4, 30].map((reminders) => {
      const { dueAt } = scheduled({ ...pending, reminders }, now, times)
      return (dueAt?.getTime() ?? 0) - now.getTime()
    })
    expect(waits).toEqual([5000, 10_000, 20_000, 40_000, 60_000, 60_000])
  })

  test('leaves an order alone that nobody owes an answer', () => {
    const settled = apply(byStatus.confirmed, { type: 'payment-captured' }, told('confirmed'))
    expect(scheduled(settled, now, times)).not.toHaveProperty('dueAt')
  })
})

/** What stock and payments may go through for one order. */
const stockLives: readonly (readonly Fact['type'][])[] = [
  ['stock-rejected'],
  ['stock-released'],
  ['stock-held', 'stock-released'],
  ['stock-held', 'hold-expired'],
  ['stock-held', 'stock-committed'],
  ['stock-held', 'stock-committed', 'stock-released'],
]
const paymentLives: readonly (readonly Fact['type'][])[] = [
  [],
  ['payment-declined'],
  ['payment-voided'],
  ['payment-authorized', 'payment-voided'],
  ['payment-authorized', 'payment-captured'],
  ['payment-authorized', 'payment-captured', 'payment-refunded'],
]
const nothingHeld = new Set<Fact['type']>(['stock-rejected', 'stock-released', 'hold-expired'])
const nothingTaken = new Set<Fact['type']>(['payment-declined', 'payment-voided', 'payment-refunded'])

describe('whatever the participants report, in whatever order and how often', () => {
  const world = fc
    .record({
      stock: fc.constantFrom(...stockLives),
      payment: fc.constantFrom(...paymentLives),
      endings: fc.subarray(['confirmed', 'rejected', 'cancelled', 'expired'] as const),
      cancels: fc.integer({ min: 0, max: 1 }),
    })
    .chain(({ stock, payment, endings, cancels }) => {
      const facts: Fact[] = [...[...stock, ...payment].map((type) => factsByType[type]), ...endings.map(told)]
      const actions: ('cancel' | Fact)[] = [...facts, ...Array.from({ length: cancels }, () => 'cancel' as const)]
      return fc.record({
        stock: fc.constant(stock),
        payment: fc.constant(payment),
        endings: fc.constant(endings),
        // Everything three times in any order, and at last everything once more in its own order.
        actions: fc.shuffledSubarray([...actions, ...actions, ...actions]).map((shuffled) => [...shuffled, ...actions]),
      })
    })

  const act = (order: Order, action: 'cancel' | Fact): Order => {
    if (action !== 'cancel') return applyFact(order, action, entry, now).order
    return order.status === 'rejected' || order.status === 'expired' ? order : cancel(order).order
  }

  test('no order is confirmed before its stock was committed, and none leaves its end', () => {
    fc.assert(
      fc.property(world, ({ actions }) => {
        let order = pending
        let isCommitted = false
        for (const action of actions) {
          const before = order
          isCommitted ||= action !== 'cancel' && action.type === 'stock-committed'
          order = act(order, action)
          const isEarly = order.status === 'confirmed' && !isCommitted
          const isRevived = stopped.has(before.status) && order.status !== before.status
          const isUndone = before.status === 'confirmed' && order.status !== 'confirmed' && action !== 'cancel'
          expect({ isEarly, isRevived, isUndone }).toEqual({ isEarly: false, isRevived: false, isUndone: false })
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('an order is waited for exactly until it is settled, or undone everywhere, and its customer told', () => {
    fc.assert(
      fc.property(world, ({ actions, stock, payment, endings }) => {
        const order = actions.reduce(act, pending)
        const isTold = endings.some((ending) => ending === order.status)
        const isUndone =
          nothingHeld.has(stock.at(-1) ?? 'stock-held') && nothingTaken.has(payment.at(-1) ?? 'stock-held')
        const isCaptured = payment.includes('payment-captured')
        const isSettled: Record<OrderStatus, boolean> = {
          pending: false,
          reserved: false,
          authorized: false,
          confirmed: isTold && isCaptured,
          // Nothing is shipped here.
          partially_fulfilled: false,
          fulfilled: false,
          completed: false,
          rejected: isTold,
          cancelled: isTold && isUndone,
          expired: isTold && isUndone,
        }
        expect([order.status, isAwaiting(order)]).toEqual([order.status, !isSettled[order.status]])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('the money of an order of which nothing was taken is void, whatever its status says', () => {
  test.each([
    ['a confirmed order that cost nothing', { paymentStatus: 'captured', capturedMinor: 0 }],
    ['an order of which only a supplement was paid', { paymentStatus: 'partially_captured' }],
  ] as const)('%s', (_, state) => {
    const ended = cancel({ ...apply(pending, held, paid, committed), ...state }).order
    const rested = apply(ended, { type: 'stock-released' }, { type: 'payment-voided' }, told('cancelled'))
    expect(rested.paymentStatus).toBe('voided')
    expect(isAwaiting(rested)).toBe(false)
  })

  const captured: Fact = { type: 'payment-captured', amountMinor: 1000 }

  test('nor is any kept of one whose own money went back before it was cancelled, whatever a supplement has taken', () => {
    const refund: Refund = {
      id: 'ref_1',
      from: pending.id,
      amountMinor: 1000,
      cause: 'edited',
      status: 'succeeded',
      requestedAt: now,
    }
    const edited = { ...apply(pending, held, paid, committed, captured), refunds: [refund] }
    const ended = cancel({ ...edited, paymentStatus: 'partially_refunded' }).order
    const rested = apply(ended, { type: 'stock-released' }, { type: 'payment-voided' }, told('cancelled'))
    expect([rested.paymentStatus, isAwaiting(rested)]).toEqual(['refunded', false])
  })

  test('but not of one that was paid', () => {
    const ended = cancel(apply(pending, held, paid, committed, captured)).order
    expect(apply(ended, { type: 'payment-voided' }).paymentStatus).toBe('captured')
  })
})
