import { defineError } from '@tradewind/service-kit/errors'
import type { Author, Return, ReturnedLine } from './after-confirmation.ts'
import { type Change, entered, followedBy, type NewId, noChange } from './change.ts'
import { maxChanges, PartOfAnother, TooManyChanges } from './fulfilment.ts'
import { refundableMinor, worthOf } from './money-owed.ts'
import { type Order, OrderNotFound } from './order.ts'
import { requestRefund } from './refund.ts'
import { requestRestock } from './restock.ts'
import { countedLines, deliveredSince, deliveredUnits, receivedUnits, returnedUnits, unitsWithin } from './units.ts'

export const ReturnNotFound = defineError('ORDERS_RETURN_NOT_FOUND', 'not-found', 'The order has no such return.')
export const ReturnNotReady = defineError(
  'ORDERS_RETURN_NOT_READY',
  'conflict',
  'The return has gone on already, or not so far yet.',
)
export const NothingReceived = defineError(
  'ORDERS_NOTHING_RECEIVED',
  'unprocessable',
  'At least one unit must have come back.',
)

export interface ReturnRequest {
  readonly id: string
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[]
  readonly reason: string
}

const dayMs = 24 * 3600 * 1000

/** Wishes to send units back. Throws `TooManyUnits` above what arrived within the window and is not sent back yet. */
export function requestReturn(
  order: Order,
  { id, lines, reason }: ReturnRequest,
  windowDays: number,
  author: Author,
): Change {
  if (order.partOf !== undefined) throw PartOfAnother({ orderId: order.id })
  const { returns = [] } = order
  if (returns.length >= maxChanges) throw TooManyChanges({ orderId: order.id })
  const since = new Date(author.at.getTime() - windowDays * dayMs)
  const units = unitsWithin(order, lines, (lineId) =>
    Math.min(deliveredSince(order, lineId, since), deliveredUnits(order, lineId) - returnedUnits(order, lineId)),
  )
  const made: Return = { id, status: 'requested', lines: units, reason, requestedAt: author.at }
  return {
    order: entered({ ...order, returns: [...returns, made] }, 'return.requested', author, {
      returnId: id,
      lines: units,
      reason,
    }),
    said: [{ type: 'return-requested', returnId: id }],
  }
}

/** It may be sent. The same order comes back when that was said. Throws `ReturnNotReady` for one that was rejected. */
export function approveReturn(order: Order, id: string, author: Author): Change {
  const found = returnOf(order, id)
  if (found.status === 'rejected') throw ReturnNotReady({ orderId: order.id, returnId: id })
  if (found.status !== 'requested') return noChange(order)
  return {
    order: entered(
      withReturn(order, { ...found, status: 'approved', approvedAt: author.at }),
      'return.approved',
      author,
      {
        returnId: id,
      },
    ),
    said: [{ type: 'return-approved', returnId: id }],
  }
}

/** It may not be sent. Throws `ReturnNotReady` once it was approved. */
export function rejectReturn(order: Order, id: string, reason: string, author: Author): Change {
  const found = returnOf(order, id)
  if (found.status === 'rejected') return noChange(order)
  if (found.status !== 'requested') throw ReturnNotReady({ orderId: order.id, returnId: id })
  const rejected: Return = { ...found, status: 'rejected', rejection: reason, rejectedAt: author.at }
  return {
    order: entered(withReturn(order, rejected), 'return.rejected', author, { returnId: id, reason }),
    said: [{ type: 'return-rejected', returnId: id }],
  }
}

export interface Received {
  readonly lines: readonly { readonly lineId: string; readonly restock: number; readonly writeOff: number }[]
  readonly locationId?: string | undefined
}

/**
 * It is here: so many units can be sold again and go back on the shelf, so many cannot. What did not come counts as not
 * returned. Throws `ReturnNotReady`, `TooManyUnits` for more than was announced, and `NothingReceived`.
 */
export function receiveReturn(order: Order, id: string, received: Received, author: Author, newId: NewId): Change {
  const found = returnOf(order, id)
  if (found.status !== 'approved') throw ReturnNotReady({ orderId: order.id, returnId: id, status: found.status })
  const came = received.lines.map(({ lineId, restock, writeOff }) => ({ lineId, quantity: restock + writeOff }))
  const announced = new Map(found.lines.map(({ lineId, quantity }) => [lineId, quantity]))
  const units = unitsWithin(order, came, (lineId) => announced.get(lineId) ?? 0)
  if (units.every(({ quantity }) => quantity === 0)) throw NothingReceived({ orderId: order.id, returnId: id })
  const parts = new Map(received.lines.map(({ lineId, restock, writeOff }) => [lineId, { restock, writeOff }]))
  const lines = found.lines.map((line): ReturnedLine => {
    const { restock = 0, writeOff = 0 } = parts.get(line.lineId) ?? {}
    return { ...line, restocked: restock, writtenOff: writeOff }
  })
  const next = withReturn(order, { ...found, status: 'received', lines, receivedAt: author.at })
  const told = entered(next, 'return.received', author, {
    returnId: id,
    lines: lines.map(({ lineId, sku, restocked, writtenOff }) => ({ lineId, sku, restocked, writtenOff })),
  })
  return followedBy({ order: told, said: [{ type: 'return-received', returnId: id }] }, (before) => {
    const back = lines.map(({ lineId, sku, restocked = 0 }) => ({ lineId, sku, quantity: restocked }))
    const given = { units: back, reason: 'returned' as const, locationId: received.locationId }
    return requestRestock(before, given, order.lines, author, newId)
  })
}

/**
 * Asks for the money to go back: what was paid for the units that came, unless another amount is given. Once more, under a
 * new id, where the provider refused. Throws `ReturnNotReady` and `RefundTooHigh`.
 */
export function refundReturn(
  order: Order,
  id: string,
  amountMinor: number | undefined,
  author: Author,
  newId: NewId,
): Change {
  const found = returnOf(order, id)
  const asked = refundsOf(order, id).filter(({ status }) => status !== 'failed')
  const isAnswered = asked.every(({ status }) => status === 'succeeded')
  const isRefused = found.status === 'refunding' && isAnswered && wasRefused(order, id)
  if (found.status !== 'received' && !isRefused) {
    throw ReturnNotReady({ orderId: order.id, returnId: id, status: found.status })
  }
  // What went through although another part was refused is not given twice.
  const given = asked.reduce((sum, refund) => sum + refund.amountMinor, 0)
  const amount = amountMinor ?? Math.max(0, paidFor(order, found) - given)
  const next = withReturn(askedAgain(order, id), { ...found, status: 'refunding' })
  const change = requestRefund(next, { amountMinor: amount, cause: 'returned', returnId: id }, author, newId)
  return followedBy(change, (before) => settledReturn(before, id, author.at))
}

const wasRefused = (order: Order, id: string) =>
  refundsOf(order, id).some(({ status, isAskedAgain }) => status === 'failed' && isAskedAgain !== true)

const askedAgain = (order: Order, id: string): Order => ({
  ...order,
  refunds: (order.refunds ?? []).map((refund) =>
    refund.returnId === id && refund.status === 'failed' ? { ...refund, isAskedAgain: true } : refund,
  ),
})

/** Rounded for all returns together, so that they never come to more than the whole. No more than there is to give back. */
function paidFor(order: Order, one: Return): number {
  const own = new Map(countedLines(one).map(({ lineId, quantity }) => [lineId, quantity]))
  const earlier = (lineId: string) =>
    receivedUnits(
      { returns: (order.returns ?? []).filter((other) => other.id !== one.id && isBefore(other, one)) },
      lineId,
    )
  const worth =
    worthOf(order, (lineId) => earlier(lineId) + (own.get(lineId) ?? 0)) - worthOf(order, (lineId) => earlier(lineId))
  return Math.min(worth, refundableMinor(order, 'captured'))
}

const isBefore = (other: Return, one: Return) =>
  (other.receivedAt?.getTime() ?? 0) < (one.receivedAt?.getTime() ?? 0) ||
  (other.receivedAt?.getTime() === one.receivedAt?.getTime() && other.id < one.id)

/** A return is refunded once everything that was asked for it was given. */
export function settledReturn(order: Order, id: string, at: Date): Change {
  const found = order.returns?.find((one) => one.id === id)
  if (found?.status !== 'refunding') return noChange(order)
  const live = refundsOf(order, id).filter(({ status }) => status !== 'failed')
  if (wasRefused(order, id) || live.some(({ status }) => status !== 'succeeded')) return noChange(order)
  const amountMinor = live.reduce((sum, refund) => sum + refund.amountMinor, 0)
  const next = withReturn(order, { ...found, status: 'refunded', refundedAt: at })
  const amount = { amountMinor, currency: order.total.currency }
  return {
    order: entered(next, 'return.refunded', { at }, { returnId: id, amount }),
    said: live.length === 0 ? [] : [{ type: 'return-refunded', returnId: id }],
  }
}

export const refundsOf = ({ refunds = [] }: Order, returnId: string) =>
  refunds.filter((refund) => refund.returnId === returnId)

/** Throws `ReturnNotFound`. */
export function returnOf({ id: orderId, returns = [], partOf }: Order, id: string): Return {
  if (partOf !== undefined) throw OrderNotFound({ orderId })
  const found = returns.find((one) => one.id === id)
  if (found === undefined) throw ReturnNotFound({ orderId, returnId: id })
  return found
}

const withReturn = (order: Order, changed: Return): Order => ({
  ...order,
  returns: (order.returns ?? []).map((one) => (one.id === changed.id ? changed : one)),
})
