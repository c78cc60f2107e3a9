import type { Author, Units } from './after-confirmation.ts'
import { type Change, followedBy, type NewId } from './change.ts'
import { repriced } from './money-owed.ts'
import type { Order, OrderLine } from './order.ts'
import { settleMoney } from './refund.ts'
import { requestRestock } from './restock.ts'

/** What the order was when it was placed, remembered with the first change. */
export const placedAs = ({ asPlaced, lines, subtotal, discount, tax, shipping, total }: Order) =>
  asPlaced ?? { lines, subtotal, discount, tax, shipping, total }

/**
 * Takes units out of an order and puts lines in: the totals follow, what goes out is put back on the shelf, and what was
 * taken above the new total goes back.
 */
export function changeLines(
  order: Order,
  { out, added = [], cause }: { out: readonly Units[]; added?: readonly OrderLine[]; cause: 'edited' | 'cancelled' },
  author: Author,
  newId: NewId,
): Change {
  const less = new Map(out.map(({ lineId, quantity }) => [lineId, quantity]))
  const quantities = new Map(order.lines.map(({ id, quantity }) => [id, quantity - (less.get(id) ?? 0)]))
  const totals = repriced(order, (lineId) => quantities.get(lineId) ?? 0, added)
  const changed: Order = { ...order, ...totals, asPlaced: placedAs(order) }
  const gone = order.lines.filter(({ id }) => quantities.get(id) === 0).map(emptied)
  const restocked = requestRestock(changed, { units: out, reason: cause }, order.lines, author, newId)
  return followedBy({ order: restocked.order, said: [{ type: 'edited', gone }, ...restocked.said] }, (before) =>
    settleMoney(before, cause, author, newId),
  )
}

/** A line that the order has no more, as others are told of it. */
const emptied = ({ discount: _discount, tax: _tax, ...line }: OrderLine): OrderLine => ({
  ...line,
  quantity: 0,
  total: { ...line.total, amountMinor: 0 },
})
