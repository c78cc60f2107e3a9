import type { Order, OrderLine } from './order.ts'
import { spread } from './spread.ts'

/** `amount × part ÷ whole`, rounded down, exact beyond 53 bits. The whole is always all of it, also a whole of nothing. */
export function shareOf(amountMinor: number, part: number, whole: number): number {
  if (part === whole) return amountMinor
  return whole === 0 ? 0 : Number((BigInt(amountMinor) * BigInt(part)) / BigInt(whole))
}

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** What so many units weigh when discount and tax are shared out: their price. */
export const weightOf = (lines: readonly Pick<OrderLine, 'unitPrice' | 'quantity'>[]): number =>
  sum(lines.map(({ unitPrice, quantity }) => unitPrice.amountMinor * quantity))

/** What is owed for the goods themselves: the lines net of discount, with tax. */
export const goodsMinor = ({ total, shipping }: Pick<Order, 'total' | 'shipping'>): number =>
  total.amountMinor - shipping.amountMinor

type Priced = Pick<Order, 'lines' | 'subtotal' | 'discount' | 'tax' | 'shipping' | 'total'>

/**
 * The order's totals for other lines: those that are kept, with their share of discount and tax, and those that are added,
 * at their price and taxed like the rest. A discount does not grow, and shipping stays what it was.
 */
export function repriced(order: Priced, kept: readonly OrderLine[], added: readonly OrderLine[] = []): Priced {
  const { currency } = order.total
  const money = (amountMinor: number) => ({ amountMinor, currency })
  const before = order.subtotal.amountMinor
  const net = before - order.discount.amountMinor
  const taxOnTop = goodsMinor(order) - net
  const [keptWeight, addedWeight] = [weightOf(kept), weightOf(added)]
  const goods =
    shareOf(goodsMinor(order), keptWeight, before) +
    addedWeight +
    (addedWeight === 0 ? 0 : shareOf(taxOnTop, addedWeight, net))
  const subtotal = keptWeight + addedWeight
  // What one of them loses by rounding the other takes, so that the parts add up to the total.
  const discount =
    taxOnTop === 0
      ? subtotal - goods
      : Math.max(shareOf(order.discount.amountMinor, keptWeight, before), subtotal - goods)
  const tax = taxOnTop === 0 ? shareOf(order.tax.amountMinor, goods, goodsMinor(order)) : goods - subtotal + discount
  // The shipping keeps its own tax, which stands in no line.
  const ofLines = order.lines.reduce((all, line) => all + (line.tax?.amountMinor ?? 0), 0)
  const taxOfLines = Math.max(0, tax - Math.max(0, order.tax.amountMinor - ofLines))
  return {
    lines: withShares([...kept, ...added], discount, ofLines === 0 ? 0 : taxOfLines),
    subtotal: money(subtotal),
    discount: money(discount),
    tax: money(tax),
    shipping: order.shipping,
    total: money(goods + order.shipping.amountMinor),
  }
}

/** Each line with its share of discount and tax, by its price. */
export function withShares(lines: readonly OrderLine[], discountMinor: number, taxMinor: number): OrderLine[] {
  const prices = lines.map(({ total }) => total.amountMinor)
  const discounts = spread(discountMinor, prices)
  const taxes = spread(taxMinor, prices)
  return lines.map(({ discount: _discount, tax: _tax, ...line }, index) => {
    const { currency } = line.total
    const [discount = 0, tax = 0] = [discounts[index], taxes[index]]
    return {
      ...line,
      ...(discount > 0 && { discount: { amountMinor: discount, currency } }),
      ...(tax > 0 && { tax: { amountMinor: tax, currency } }),
    }
  })
}

/** What the units of these lines that have been counted so far come to: their share of the goods. */
export function worthOf(order: Priced, unitsOf: (lineId: string) => number): number {
  const weight = sum(order.lines.map(({ id, unitPrice }) => unitPrice.amountMinor * unitsOf(id)))
  return shareOf(goodsMinor(order), weight, order.subtotal.amountMinor)
}

/** Whose payments money was, or will be, taken from, and how much of it: the order's own first, then its supplements'. */
export function charges(order: Order): { readonly from: string; readonly amountMinor: number }[] {
  const { fulfilments = [], supplements = [], asPlaced = order } = order
  const shipped = sum(fulfilments.map(({ capture }) => capture?.amountMinor ?? 0))
  const own = order.capture === 'on_ship' ? shipped : asPlaced.total.amountMinor
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
