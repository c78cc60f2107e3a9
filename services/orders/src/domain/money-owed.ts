import type { Order, OrderLine } from './order.ts'

/** `amount × part ÷ whole`, rounded down, exact beyond 53 bits. The whole is always all of it, also a whole of nothing. */
export function shareOf(amountMinor: number, part: number, whole: number): number {
  if (part === whole) return amountMinor
  return whole === 0 ? 0 : Number((BigInt(amountMinor) * BigInt(part)) / BigInt(whole))
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** What taxes come on top of the prices: all of them, none, or a part where some are contained. */
const onTopMinor = ({ total, subtotal, discount, shipping }: Priced): number =>
  total.amountMinor - shipping.amountMinor - subtotal.amountMinor + discount.amountMinor

type Priced = Pick<Order, 'lines' | 'subtotal' | 'discount' | 'tax' | 'shipping' | 'total'>

/** What is owed for a line: its price less its share of the discount, with what of its tax comes on top. */
const worthOfLine = (order: Priced, { total, discount, tax }: OrderLine): number =>
  total.amountMinor -
  (discount?.amountMinor ?? 0) +
  shareOf(tax?.amountMinor ?? 0, onTopMinor(order), order.tax.amountMinor)

const sumOver = (lines: readonly OrderLine[], part: 'total' | 'discount' | 'tax'): number =>
  sum(lines.map((line) => line[part]?.amountMinor ?? 0))

/** Fewer units of a line, with their share of what is owed for it; by rounding the discount takes what the others lose. */
function fewer(order: Priced, line: OrderLine, quantity: number): OrderLine {
  if (quantity === line.quantity) return line
  const { discount: _discount, tax: _tax, ...rest } = line
  const money = (amountMinor: number) => ({ ...line.total, amountMinor })
  const total = line.unitPrice.amountMinor * quantity
  const tax = shareOf(line.tax?.amountMinor ?? 0, quantity, line.quantity)
  const taxed = { ...rest, quantity, total: money(total), ...(tax > 0 && { tax: money(tax) }) }
  const discount = worthOfLine(order, taxed) - shareOf(worthOfLine(order, line), quantity, line.quantity)
  return { ...taxed, ...(discount > 0 && { discount: money(discount) }) }
}

/** More of what the order has is taxed like that, anything else like the order on average. */
function taxedLike(order: Priced, line: OrderLine): OrderLine {
  const alike = order.lines.filter(({ sku }) => sku === line.sku)
  const like = alike.length > 0 ? alike : order.lines
  const net = sumOver(like, 'total') - sumOver(like, 'discount')
  const tax = net === 0 ? 0 : shareOf(sumOver(like, 'tax'), line.total.amountMinor, net)
  return tax > 0 ? { ...line, tax: { ...line.total, amountMinor: tax } } : line
}

/**
 * The order's totals for other lines: so many units of those there are, with their share of discount and tax, and those that
 * are added. A discount does not grow, and shipping and its tax stay what they were.
 */
export function repriced(order: Priced, unitsOf: (lineId: string) => number, added: readonly OrderLine[] = []): Priced {
  const money = (amountMinor: number) => ({ ...order.total, amountMinor })
  const kept = order.lines.flatMap((line) => {
    const quantity = unitsOf(line.id)
    return quantity > 0 ? [fewer(order, line, quantity)] : []
  })
  const lines = [...kept, ...added.map((line) => taxedLike(order, line))]
  const [subtotal, discount] = [sumOver(lines, 'total'), sumOver(lines, 'discount')]
  const tax = order.tax.amountMinor - sumOver(order.lines, 'tax') + sumOver(lines, 'tax')
  const goods = sum(lines.map((line) => worthOfLine(order, line)))
  return {
    lines,
    subtotal: money(subtotal),
    discount: money(discount),
    tax: money(tax),
    shipping: order.shipping,
    total: money(goods + shippingMinor(order)),
  }
}

/** What is owed for the shipping, with its tax: all that no line is owed for. */
export const shippingMinor = (order: Priced): number =>
  order.total.amountMinor - sum(order.lines.map((line) => worthOfLine(order, line)))

/** What so many units of each line come to. */
export const worthOf = (order: Priced, unitsOf: (lineId: string) => number): number =>
  sum(order.lines.map((line) => shareOf(worthOfLine(order, line), unitsOf(line.id), line.quantity)))

/** Whose payments money was, or will be, taken from, and how much of it: the order's own first, then its supplements'. */
export function charges(order: Order): { readonly from: string; readonly amountMinor: number }[] {
  const { fulfilments = [], supplements = [], asPlaced = order } = order
  // What was refused for one shipment is asked for with the next.
  const asked = fulfilments.flatMap(({ capture }) =>
    capture?.failure === undefined ? [capture?.amountMinor ?? 0] : [],
  )
  const own = order.capture === 'on_ship' ? sum(asked) : asPlaced.total.amountMinor
  return [
    { from: order.id, amountMinor: own },
    ...supplements
      .filter(({ status }) => status === 'taken')
      .map(({ id, totalMinor }) => ({ from: id, amountMinor: totalMinor })),
  ]
}

export const chargedMinor = (order: Order): number => sum(charges(order).map(({ amountMinor }) => amountMinor))

/** What was taken, as far as it was reported. A supplement is taken over once it is confirmed, and paid then. */
export const captures = (order: Order): { readonly from: string; readonly amountMinor: number }[] =>
  charges(order).map(({ from, amountMinor }) => ({
    from,
    amountMinor: from === order.id ? Math.min(amountMinor, order.capturedMinor ?? 0) : amountMinor,
  }))

export const capturedMinor = (order: Order): number => sum(captures(order).map(({ amountMinor }) => amountMinor))

/** What was asked to go back and was not refused. */
export const refundedMinor = (
  { refunds = [] }: Order,
  which: (refund: NonNullable<Order['refunds']>[number]) => boolean = () => true,
): number =>
  sum(refunds.filter((refund) => refund.status !== 'failed' && which(refund)).map(({ amountMinor }) => amountMinor))

/** What edits and cancellations gave back. Returns and goodwill come off what is owed instead. */
export const settledMinor = (order: Order): number =>
  refundedMinor(order, ({ cause }) => cause === 'edited' || cause === 'cancelled')

/** What is left to give back, of what was taken or of what will be. */
export const refundableMinor = (order: Order, of: 'charged' | 'captured'): number =>
  Math.max(0, (of === 'charged' ? chargedMinor(order) : capturedMinor(order)) - refundedMinor(order))
