import { defineError } from '@tradewind/service-kit/errors'
import type { Author, Fulfilment, Tracking } from './after-confirmation.ts'
import { type Change, entered, noChange } from './change.ts'
import { chargedMinor, settledMinor, shippingMinor, worthOf } from './money-owed.ts'
import { type Order, OrderNotFound } from './order.ts'
import { isFulfilling } from './saga-table.ts'
import { assignedUnits, orderedUnits, overLines, shippedUnits, unitsWithin } from './units.ts'
import { openSupplements } from './wishes.ts'

export const NotFulfillable = defineError(
  'ORDERS_NOT_FULFILLABLE',
  'conflict',
  'Only a confirmed order that has not ended is fulfilled.',
)
export const EditUnderWay = defineError('ORDERS_EDIT_UNDER_WAY', 'conflict', 'An edit of the order is under way.')
export const PartOfAnother = defineError(
  'ORDERS_PART_OF_ANOTHER',
  'conflict',
  'The order is a part of another one and changes with it.',
)
export const FulfilmentNotFound = defineError(
  'ORDERS_FULFILMENT_NOT_FOUND',
  'not-found',
  'The order has no such fulfilment.',
)
export const FulfilmentNotReady = defineError(
  'ORDERS_FULFILMENT_NOT_READY',
  'conflict',
  'The fulfilment has gone on already, or not so far yet.',
)
export const TooManyChanges = defineError(
  'ORDERS_TOO_MANY_CHANGES',
  'conflict',
  'The order has been changed in this way as often as it can be.',
)

/** Highest number of fulfilments, returns, edits and refunds that one order takes, of each. */
export const maxChanges = 200

/** Throws unless the order is on its way to its customer and nothing else is just being changed about it. */
export function requireOpen(order: Order): void {
  if (order.partOf !== undefined) throw PartOfAnother({ orderId: order.id })
  if (!isFulfilling(order.status)) throw NotFulfillable({ orderId: order.id, status: order.status })
  if (openSupplements(order).length > 0) throw EditUnderWay({ orderId: order.id })
}

export interface FulfilmentRequest {
  readonly id: string
  readonly lines: readonly { readonly lineId: string; readonly quantity: number }[]
}

/** Begins to pack a part. Throws `TooManyUnits` for more than is ordered and in no other fulfilment. */
export function createFulfilment(order: Order, { id, lines }: FulfilmentRequest, author: Author): Change {
  requireOpen(order)
  const { fulfilments = [] } = order
  if (fulfilments.length >= maxChanges) throw TooManyChanges({ orderId: order.id })
  const units = unitsWithin(order, lines, (lineId) => quantityOf(order, lineId) - assignedUnits(order, lineId))
  const fulfilment: Fulfilment = { id, status: 'packing', lines: units, createdAt: author.at }
  const next = { ...order, fulfilments: [...fulfilments, fulfilment] }
  return {
    order: entered(next, 'fulfilment.created', author, { fulfilmentId: id, lines: units }),
    said: [{ type: 'fulfilment-created', fulfilmentId: id }],
  }
}

/**
 * Sends a part off, and says what is to be taken for it. The same order comes back when it was sent before, with this
 * tracking. Throws `FulfilmentNotReady` for one that was cancelled, or sent with other tracking.
 */
export function shipFulfilment(order: Order, id: string, tracking: Tracking | undefined, author: Author): Change {
  const fulfilment = fulfilmentOf(order, id)
  if (fulfilment.status !== 'packing') {
    if (fulfilment.status !== 'cancelled' && isSame(tracking, fulfilment.tracking)) return noChange(order)
    throw FulfilmentNotReady({ orderId: order.id, fulfilmentId: id })
  }
  requireOpen(order)
  const sent: Fulfilment = {
    ...fulfilment,
    status: 'shipped',
    shippedAt: author.at,
    ...(tracking !== undefined && { tracking }),
  }
  const capture = order.capture === 'on_ship' ? captureFor(order, withFulfilment(order, sent)) : undefined
  const next = withFulfilment(order, capture === undefined ? sent : { ...sent, capture })
  const data = {
    fulfilmentId: id,
    ...(tracking !== undefined && { tracking }),
    ...(capture !== undefined && {
      capture: { amountMinor: capture.amountMinor, currency: order.total.currency },
    }),
  }
  return {
    order: entered(next, 'fulfilment.shipped', author, data),
    said: [{ type: 'fulfilment-shipped', fulfilmentId: id }],
  }
}

/**
 * What has been sent is taken, and shipping with the first part, less what was taken before. Rounded for all parts
 * together, so that they come to exactly what is owed. Nobody is asked to take nothing.
 */
function captureFor(before: Order, after: Order): NonNullable<Fulfilment['capture']> {
  const owed = worthOf(after, (lineId) => shippedUnits(after, lineId)) + shippingMinor(after)
  const amountMinor = Math.max(0, owed + settledMinor(before) - chargedMinor(before))
  const isLast = overLines(after, shippedUnits) === orderedUnits(after)
  return { amountMinor, isLast, isDone: amountMinor === 0 }
}

/** It arrived. The same order comes back when that is known. Throws `FulfilmentNotReady` for one that was not sent. */
export function deliverFulfilment(order: Order, id: string, author: Author): Change {
  const fulfilment = fulfilmentOf(order, id)
  if (fulfilment.status === 'delivered') return noChange(order)
  if (fulfilment.status !== 'shipped') throw FulfilmentNotReady({ orderId: order.id, fulfilmentId: id })
  const next = withFulfilment(order, { ...fulfilment, status: 'delivered', deliveredAt: author.at })
  return {
    order: entered(next, 'fulfilment.delivered', author, { fulfilmentId: id }),
    said: [{ type: 'fulfilment-delivered', fulfilmentId: id }],
  }
}

/** It is not packed after all; its units may be fulfilled otherwise. Throws `FulfilmentNotReady` for one that was sent. */
export function cancelFulfilment(order: Order, id: string, author: Author): Change {
  const fulfilment = fulfilmentOf(order, id)
  if (fulfilment.status === 'cancelled') return noChange(order)
  if (fulfilment.status !== 'packing') throw FulfilmentNotReady({ orderId: order.id, fulfilmentId: id })
  const next = withFulfilment(order, { ...fulfilment, status: 'cancelled', cancelledAt: author.at })
  return {
    order: entered(next, 'fulfilment.cancelled', author, { fulfilmentId: id }),
    said: [{ type: 'fulfilment-cancelled', fulfilmentId: id }],
  }
}

/** Gives up everything that is being packed. */
export function cancelPacking(order: Order, author: Author): Change {
  const packing = (order.fulfilments ?? []).filter(({ status }) => status === 'packing')
  return packing.reduce<Change>(({ order: before, said }, { id }) => {
    const change = cancelFulfilment(before, id, author)
    return { order: change.order, said: [...said, ...change.said] }
  }, noChange(order))
}

/** Throws `FulfilmentNotFound`. */
export function fulfilmentOf({ id: orderId, fulfilments = [], partOf }: Order, id: string): Fulfilment {
  if (partOf !== undefined) throw OrderNotFound({ orderId })
  const found = fulfilments.find((one) => one.id === id)
  if (found === undefined) throw FulfilmentNotFound({ orderId, fulfilmentId: id })
  return found
}

export const withFulfilment = (order: Order, changed: Fulfilment): Order => ({
  ...order,
  fulfilments: (order.fulfilments ?? []).map((one) => (one.id === changed.id ? changed : one)),
})

const quantityOf = ({ lines }: Order, lineId: string) => lines.find(({ id }) => id === lineId)?.quantity ?? 0

const isSame = (asked: Tracking | undefined, known: Tracking | undefined) =>
  asked === undefined || (asked.carrier === known?.carrier && asked.code === known.code && asked.url === known.url)
