import type { Author, Units } from './after-confirmation.ts'
import { type Change, entered, followedBy, type NewId, noChange } from './change.ts'
import { changeLines } from './cut-lines.ts'
import { cancelPacking, requireOpen } from './fulfilment.ts'
import { type Order, OrderNotCancellable, type StopReason } from './order.ts'
import { isConfirmed } from './saga-table.ts'
import { assignedUnits, overLines, shippedUnits, UnknownLine } from './units.ts'

/** True once a part has left the house, so that only the rest can be cancelled. */
export const isOnItsWay = (order: Order): boolean => overLines(order, shippedUnits) > 0

/**
 * Cancels what has not shipped of an order of which a part has. The same order comes back when that was done. Throws
 * `OrderNotCancellable` when everything has shipped.
 */
export function cancelRest(order: Order, reason: StopReason, words: object, author: Author, newId: NewId): Change {
  if (order.isCutShort === true) return noChange(order)
  if (order.status !== 'partially_fulfilled') {
    throw OrderNotCancellable({ orderId: order.id, status: order.status })
  }
  requireOpen(order)
  return followedBy(cancelPacking(order, author), (before) => {
    const change = cut(
      { ...before, isCutShort: true },
      before.lines.map(unshippedOf(before)),
      { reason, words },
      author,
      newId,
    )
    return change
  })
}

/**
 * Cancels what no fulfilment has of these lines. The same order comes back when there is nothing. Undefined when nothing
 * of the order would be left: then it is to be cancelled as a whole. Throws `UnknownLine`.
 */
export function cancelLines(
  order: Order,
  lineIds: readonly string[],
  reason: StopReason,
  words: object,
  author: Author,
  newId: NewId,
): Change | undefined {
  if (!isConfirmed(order.status)) throw OrderNotCancellable({ orderId: order.id, status: order.status })
  const known = new Set((order.asPlaced?.lines ?? []).concat(order.lines).map(({ id }) => id))
  const unknown = lineIds.flatMap((id, index) =>
    known.has(id) ? [] : [{ pointer: `/lines/${index}/lineId`, detail: 'is not a line of this order' }],
  )
  if (unknown.length > 0) throw UnknownLine({ orderId: order.id }, { errors: unknown })
  const wanted = new Set(lineIds)
  const free = order.lines.filter(({ id }) => wanted.has(id)).map(unassignedOf(order))
  const out = free.filter(({ quantity }) => quantity > 0)
  if (out.length === 0) return noChange(order)
  requireOpen(order)
  const outUnits = out.reduce((sum, { quantity }) => sum + quantity, 0)
  if (outUnits === order.lines.reduce((sum, { quantity }) => sum + quantity, 0)) return undefined
  return cut(order, out, { reason, words }, author, newId)
}

function cut(
  order: Order,
  lines: readonly Units[],
  { reason, words }: { reason: StopReason; words: object },
  author: Author,
  newId: NewId,
): Change {
  const out = lines.filter(({ quantity }) => quantity > 0)
  const told = entered(order, 'order.edited', author, { ...words, reason, cancelled: out })
  return changeLines(told, { out, cause: 'cancelled' }, author, newId)
}

type Line = Order['lines'][number]

const unshippedOf =
  (order: Order) =>
  ({ id, sku, quantity }: Line): Units => ({ lineId: id, sku, quantity: quantity - shippedUnits(order, id) })

const unassignedOf =
  (order: Order) =>
  ({ id, sku, quantity }: Line): Units => ({ lineId: id, sku, quantity: quantity - assignedUnits(order, id) })
