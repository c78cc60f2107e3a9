import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Author } from './after-confirmation.ts'
import { cancelLines, cancelRest, isOnItsWay } from './cancel-rest.ts'
import type { Change, NewId } from './change.ts'
import { failEdit, startEdit, takeOver } from './edit.ts'
import { cancelFulfilment, createFulfilment, deliverFulfilment, shipFulfilment } from './fulfilment.ts'
import { capturedMinor, chargedMinor, charges, refundedMinor, repriced, settledMinor, shareOf } from './money-owed.ts'
import { createOrder, type Order, type OrderLine } from './order.ts'
import { applyFact, carriedOut, type Fact, isAwaiting } from './order-saga.ts'
import { requestRefund } from './refund.ts'
import { approveReturn, receiveReturn, refundReturn, rejectReturn, requestReturn } from './return.ts'
import { spread } from './spread.ts'
import { assignedUnits, deliveredUnits, orderedUnits, overLines, returnedUnits, shippedUnits } from './units.ts'
import { openSupplements, openWishes } from './wishes.ts'

const now = new Date('2026-03-01T10:00:00Z')
const author: Author = { at: now, operatorId: 'usr_1' }
const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
const skus = ['MUG', 'PEN', 'CUP', 'HAT'] as const
const catalogue = new Map(
  skus.map(
    (sku, index) =>
      [sku, { sku, title: sku, price: eur([333, 100, 1, 0][index] ?? 0), category: 'mugs', weightGrams: 0 }] as const,
  ),
)
const entry = { at: now, type: 'somebody.reports.something', service: 'somebody', data: {} }

interface Given {
  readonly lines: readonly { readonly sku: (typeof skus)[number]; readonly quantity: number }[]
  readonly discountPercent: number
  readonly taxPercent: number
  readonly isTaxIncluded: boolean
  readonly shippingMinor: number
  readonly capture: 'now' | 'on_ship'
  /** Where money is taken at once: that it was, before anything else happens. */
  readonly isPaid: boolean
}

/** Each line with its share of discount and tax; PEN is taxed at nothing, where there is something else. */
function shared(lines: readonly OrderLine[], discountMinor: number, taxMinor: number): OrderLine[] {
  const prices = lines.map(({ total }) => total.amountMinor)
  const taxed = lines.map(({ sku, total }) => (sku === 'PEN' && lines.length > 1 ? 0 : total.amountMinor))
  const [discounts, taxes] = [spread(discountMinor, prices), spread(taxMinor, taxed)]
  return lines.map((line, index) => ({
    ...line,
    discount: eur(discounts[index] ?? 0),
    tax: eur(taxes[index] ?? 0),
  }))
}

const paidFor = ({ total, asPlaced }: Order): Fact => ({
  type: 'payment-captured',
  amountMinor: (asPlaced?.total ?? total).amountMinor,
})

/** A confirmed order whose customer was told. */
function confirmedOrder(given: Given, newId: NewId): Order {
  const lines = given.lines.map(({ sku, quantity }) => {
    const unitPrice = catalogue.get(sku)?.price ?? eur(0)
    return { id: newId('oln'), sku, title: sku, quantity, unitPrice, total: eur(unitPrice.amountMinor * quantity) }
  })
  const subtotal = lines.reduce((sum, { total }) => sum + total.amountMinor, 0)
  const discount = shareOf(subtotal, given.discountPercent, 100)
  const tax = shareOf(subtotal - discount, given.taxPercent, 100)
  const order = createOrder(
    {
      id: 'ord_1',
      number: 'TW-1',
      customerId: 'usr_2',
      lines,
      subtotal: eur(subtotal),
      paymentMethod: 'pm_approve',
      idempotencyKey: 'k',
      requestHash: 'h',
      capture: given.capture,
    },
    now,
    1000,
  )
  const total = subtotal - discount + (given.isTaxIncluded ? 0 : tax) + given.shippingMinor
  const priced: Order = {
    ...order,
    lines: shared(lines, discount, tax),
    discount: eur(discount),
    tax: eur(tax),
    shipping: eur(given.shippingMinor),
    total: eur(total),
  }
  const facts: Fact[] = [
    { type: 'stock-held' },
    { type: 'payment-authorized', paymentId: 'pay_1' },
    { type: 'stock-committed' },
    { type: 'customer-told', of: 'confirmed' },
    ...(given.capture === 'now' && given.isPaid ? [paidFor(priced)] : []),
  ]
  return facts.reduce((before, fact) => applyFact(before, fact, entry, now).order, priced)
}

type Command =
  | { readonly type: 'pack'; readonly line: number; readonly quantity: number }
  | { readonly type: 'ship' | 'deliver' | 'unpack'; readonly which: number }
  | { readonly type: 'cancel-rest' }
  | { readonly type: 'cancel-line'; readonly line: number }
  | { readonly type: 'edit'; readonly wanted: Given['lines'] }
  | { readonly type: 'end-edit'; readonly isConfirmed: boolean }
  | { readonly type: 'return'; readonly line: number; readonly quantity: number }
  | { readonly type: 'approve' | 'reject' | 'receive' | 'refund-return'; readonly which: number }
  | { readonly type: 'goodwill'; readonly amountMinor: number }
  | { readonly type: 'answer'; readonly which: number; readonly isRefused: boolean }

const small = fc.integer({ min: 0, max: 3 })
const quantity = fc.integer({ min: 1, max: 4 })
const someLines = fc
  .uniqueArray(fc.record({ sku: fc.constantFrom(...skus), quantity }), {
    minLength: 1,
    maxLength: 4,
    selector: (l) => l.sku,
  })
  .filter((lines) => lines.some(({ sku }) => sku !== 'HAT'))
const command: fc.Arbitrary<Command> = fc.oneof(
  { weight: 4, arbitrary: fc.record({ type: fc.constant('pack' as const), line: small, quantity }) },
  { weight: 6, arbitrary: fc.record({ type: fc.constantFrom('ship' as const, 'deliver' as const), which: small }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('unpack' as const), which: small }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel-rest' as const) }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('cancel-line' as const), line: small }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('edit' as const), wanted: someLines }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constant('end-edit' as const), isConfirmed: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ type: fc.constant('return' as const), line: small, quantity }) },
  {
    weight: 8,
    arbitrary: fc.record({
      type: fc.constantFrom(
        'approve' as const,
        'approve' as const,
        'reject' as const,
        'receive' as const,
        'refund-return' as const,
      ),
      which: small,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant('goodwill' as const), amountMinor: fc.integer({ min: 1, max: 300 }) }),
  },
  { weight: 6, arbitrary: fc.record({ type: fc.constant('answer' as const), which: small, isRefused: fc.boolean() }) },
)
const given: fc.Arbitrary<Given> = fc.record({
  lines: someLines,
  discountPercent: fc.constantFrom(0, 7, 50),
  taxPercent: fc.constantFrom(0, 19),
  isTaxIncluded: fc.boolean(),
  shippingMinor: fc.constantFrom(0, 499),
  capture: fc.constantFrom('now' as const, 'on_ship' as const),
  isPaid: fc.boolean(),
})

/** What a command makes of an order. Undefined where there is nothing that it could be about. */
function changeOf(order: Order, one: Command, newId: NewId): Change | undefined {
  const line = (which: number) => order.lines[which % order.lines.length]
  /** One of those that the command can be about, where there is any. */
  const pick = <T extends { id: string }>(
    all: readonly T[] = [],
    which: number,
    isMeant: (one: T) => boolean,
  ): string => {
    const meant = all.filter(isMeant)
    return (meant[which % Math.max(1, meant.length)] ?? all[which])?.id ?? 'none'
  }
  const fulfilmentId = (which: number, status: string) =>
    pick(order.fulfilments, which, (other) => other.status === status)
  const returnIn = (which: number, ...statuses: readonly string[]) =>
    pick(order.returns, which, (other) => statuses.includes(other.status))
  switch (one.type) {
    case 'pack':
      return createFulfilment(
        order,
        { id: newId('ful'), lines: [{ lineId: line(one.line)?.id ?? 'none', quantity: one.quantity }] },
        author,
      )
    case 'ship':
      return shipFulfilment(order, fulfilmentId(one.which, 'packing'), undefined, author)
    case 'deliver':
      return deliverFulfilment(order, fulfilmentId(one.which, 'shipped'), author)
    case 'unpack':
      return cancelFulfilment(order, fulfilmentId(one.which, 'packing'), author)
    case 'cancel-rest':
      return isOnItsWay(order) ? cancelRest(order, 'requested_by_customer', {}, author, newId) : undefined
    case 'cancel-line':
      return cancelLines(order, [line(one.line)?.id ?? 'none'], 'requested_by_customer', {}, author, newId)
    case 'edit':
      return startEdit(
        order,
        { id: newId('edt'), supplementId: newId('ord'), wanted: one.wanted },
        catalogue,
        author,
        newId,
      )
    case 'end-edit': {
      const [supplementId] = openSupplements(order)
      if (supplementId === undefined) return undefined
      return one.isConfirmed
        ? takeOver(order, supplementId, now, newId)
        : failEdit(order, supplementId, 'out_of_stock', now)
    }
    case 'return':
      return requestReturn(
        order,
        { id: newId('ret'), lines: [{ lineId: returnable(order, one.line), quantity: one.quantity }], reason: 'x' },
        30,
        author,
      )
    case 'approve':
      return approveReturn(order, returnIn(one.which, 'requested'), author)
    case 'reject':
      return rejectReturn(order, returnIn(one.which, 'requested'), 'x', author)
    case 'receive': {
      const id = returnIn(one.which, 'approved')
      const lines = (order.returns?.find((other) => other.id === id)?.lines ?? []).map((units) => ({
        lineId: units.lineId,
        restock: Math.floor(units.quantity / 2),
        writeOff: units.quantity - Math.floor(units.quantity / 2),
      }))
      return receiveReturn(order, id, { lines }, author, newId)
    }
    case 'refund-return':
      return refundReturn(order, returnIn(one.which, 'received', 'refunding'), undefined, author, newId)
    case 'goodwill':
      return requestRefund(order, { amountMinor: one.amountMinor, cause: 'goodwill' }, author, newId)
    case 'answer':
      return undefined
  }
}

/** The line of which most can be sent back, or some other one. */
const returnable = (order: Order, which: number): string =>
  order.lines.toSorted(
    (a, b) =>
      deliveredUnits(order, b.id) -
      returnedUnits(order, b.id) -
      deliveredUnits(order, a.id) +
      returnedUnits(order, a.id),
  )[which > 2 ? 1 : 0]?.id ?? 'none'

/** Reports that a wish was carried out, or that a refund was refused. */
function answered(order: Order, which: number, isRefused: boolean): Order {
  const wishes = openWishes(order)
  const wish = wishes[which % Math.max(1, wishes.length)]
  if (wish === undefined) return order
  const fact = ((): Fact => {
    switch (wish.kind) {
      case 'capture':
        return { type: 'payment-captured', fulfilmentId: wish.id }
      case 'restock':
        return { type: 'units-restocked', restockId: wish.id }
      case 'refund':
        return isRefused
          ? { type: 'refund-refused', refundId: wish.id, reason: 'closed' }
          : { type: 'payment-refunded', refundId: wish.id }
    }
  })()
  return applyFact(order, fact, entry, now).order
}

function step(order: Order, one: Command, newId: NewId, refusesRefunds: boolean): Order {
  if (one.type === 'answer') return answered(order, one.which, refusesRefunds && one.isRefused)
  try {
    const change = changeOf(order, one, newId)
    return change === undefined ? order : carriedOut(order, change, now).order
  } catch (error) {
    // A refusal changes nothing; anything else is a fault.
    if (error instanceof Error && 'kind' in error) return order
    throw error
  }
}

function expectUnitsToAddUp(order: Order): void {
  for (const { id, quantity: ordered } of order.lines) {
    expect(ordered).toBeGreaterThan(0)
    expect(assignedUnits(order, id)).toBeLessThanOrEqual(ordered)
    expect(shippedUnits(order, id)).toBeLessThanOrEqual(assignedUnits(order, id))
    expect(deliveredUnits(order, id)).toBeLessThanOrEqual(shippedUnits(order, id))
    expect(returnedUnits(order, id)).toBeLessThanOrEqual(deliveredUnits(order, id))
  }
  const taken = (order.supplements ?? []).filter(({ status }) => status === 'taken').map(({ id }) => id)
  const came = [
    ...(order.asPlaced?.lines ?? order.lines),
    ...(order.edits ?? [])
      .filter(({ supplementId = '' }) => taken.includes(supplementId))
      .flatMap(({ added }) => added),
  ]
  const went = (order.restocks ?? []).filter(({ reason }) => reason !== 'returned').flatMap(({ lines }) => lines)
  const sum = (lines: readonly { readonly quantity: number }[]) => lines.reduce((all, line) => all + line.quantity, 0)
  expect(orderedUnits(order)).toBe(sum(came) - sum(went))
}

function expectMoneyToAddUp(order: Order): void {
  const { subtotal, discount, tax, shipping, total } = order
  const parts = [subtotal, discount, tax, shipping, total].map(({ amountMinor }) => amountMinor)
  for (const part of parts) expect(part).toBeGreaterThanOrEqual(0)
  expect(subtotal.amountMinor).toBe(order.lines.reduce((sum, line) => sum + line.total.amountMinor, 0))
  const shares = (part: 'discount' | 'tax') =>
    order.lines.reduce((sum, line) => sum + (line[part]?.amountMinor ?? 0), 0)
  expect(shares('discount')).toBe(discount.amountMinor)
  expect(shares('tax')).toBeLessThanOrEqual(tax.amountMinor)
  for (const { from, amountMinor } of charges(order)) {
    expect(refundedMinor(order, (refund) => refund.from === from)).toBeLessThanOrEqual(amountMinor)
  }
  // What is taken is never above what is owed once edits are settled, but for a refund of that kind that was refused.
  const isRefused = order.refunds?.some(({ status }) => status === 'failed') === true
  const isReduced = order.refunds?.some(({ cause }) => cause === 'goodwill' || cause === 'returned') === true
  if (isRefused || isReduced) return
  const kept = chargedMinor(order) - settledMinor(order)
  if (order.capture === 'on_ship') expect(kept).toBeLessThanOrEqual(total.amountMinor)
  else expect(kept).toBe(total.amountMinor)
}

const ids = (): NewId => {
  let last = 0
  return (prefix) => `${prefix}_${(last += 1)}`
}

describe('whatever is done to a confirmed order, in whatever order', () => {
  const expectSound = (start: Given, commands: readonly Command[], refusesRefunds: boolean) => {
    const newId = ids()
    let order = confirmedOrder(start, newId)
    for (const one of commands) {
      const before = order
      order = step(order, one, newId, refusesRefunds)
      if (order === before) continue
      expectUnitsToAddUp(order)
      expectMoneyToAddUp(order)
    }
    return { order, newId }
  }

  test('units and money add up at every moment', () => {
    fc.assert(
      fc.property(
        given,
        fc.array(command, { minLength: 20, maxLength: 60 }),
        fc.boolean(),
        (start, commands, refusesRefunds) => {
          expectSound(start, commands, refusesRefunds)
        },
      ),
      { numRuns: 3000 },
    )
  })

  test('it can be brought to its completion, with exactly what is owed taken, and nothing awaited', () => {
    fc.assert(
      fc.property(given, fc.array(command, { minLength: 10, maxLength: 40 }), (start, commands) => {
        const played = expectSound(start, commands, false)
        const { newId } = played
        let { order } = played
        const act = (one: Command) => {
          order = step(order, one, newId, false)
        }
        act({ type: 'end-edit', isConfirmed: true })
        order.lines.forEach(({ id, quantity: ordered }, line) => {
          const open = ordered - assignedUnits(order, id)
          if (open > 0) act({ type: 'pack', line, quantity: open })
        })
        for (const which of (order.fulfilments ?? []).keys()) act({ type: 'ship', which })
        for (const which of (order.fulfilments ?? []).keys()) act({ type: 'deliver', which })
        for (let answers = openWishes(order).length; answers > 0; answers -= 1) {
          act({ type: 'answer', which: 0, isRefused: false })
        }
        const isUnpaid = start.capture === 'now' && !start.isPaid
        expect(isAwaiting(order)).toBe(isUnpaid)
        if (isUnpaid) order = applyFact(order, paidFor(order), entry, now).order
        expect([order.status, isAwaiting(order)]).toEqual(['completed', false])
        expect(overLines(order, deliveredUnits)).toBe(orderedUnits(order))
        expect(capturedMinor(order)).toBe(chargedMinor(order))
        const lowered = refundedMinor(order, ({ cause }) => cause === 'goodwill' || cause === 'returned')
        const kept = capturedMinor(order) - refundedMinor(order)
        expect(lowered === 0 ? kept : order.total.amountMinor).toBe(order.total.amountMinor)
        const last = (order.fulfilments ?? []).filter(({ capture }) => capture?.isLast === true)
        // Where the rest was cancelled, the shipment before it was not known to be the last.
        const isCut = order.restocks?.some(({ reason }) => reason === 'cancelled') === true
        const isOpenEnded = isCut || order.capture === 'now'
        expect([isOpenEnded || last.length === 1, last.length <= 1]).toEqual([true, true])
      }),
      { numRuns: 2000 },
    )
  })
})

describe('a share', () => {
  test('of all is all, also of nothing, and is exact beyond 53 bits', () => {
    expect([shareOf(7, 0, 0), shareOf(7, 3, 3), shareOf(7, 1, 0), shareOf(10, 1, 3)]).toEqual([7, 7, 0, 3])
    expect(shareOf(10 ** 12, 10 ** 12 - 1, 10 ** 12)).toBe(10 ** 12 - 1)
  })

  test('of discount and tax goes with the lines, and a discount does not grow', () => {
    const order = confirmedOrder(
      {
        lines: [
          { sku: 'MUG', quantity: 2 },
          { sku: 'PEN', quantity: 1 },
        ],
        discountPercent: 50,
        taxPercent: 0,
        isTaxIncluded: false,
        shippingMinor: 100,
        capture: 'now',
        isPaid: true,
      },
      ids(),
    )
    const [mug, pen] = order.lines
    if (mug === undefined || pen === undefined) throw new Error('two lines')
    const less = repriced(order, (id) => (id === pen.id ? 1 : 0))
    expect([less.subtotal, less.discount, less.total].map(({ amountMinor }) => amountMinor)).toEqual([100, 50, 150])
    const more = repriced(order, (id) => (id === mug.id ? 2 : 1), [
      { id: 'oln_9', sku: 'PEN', title: 'PEN', quantity: 1, unitPrice: eur(100), total: eur(100) },
    ])
    expect([more.discount, more.total].map(({ amountMinor }) => amountMinor)).toEqual([383, 583])
  })
})
