import type { Money, Order, OrderLine } from './order.ts'
import { maxTotalMinor, TotalTooLarge } from './price-lines.ts'
import { spread } from './spread.ts'

/** A tax on an amount: contained in it, or to be paid on top. */
export interface Tax {
  readonly amountMinor: number
  readonly isIncluded: boolean
}

/** Each line with its share of the discount. */
export function withDiscount(lines: readonly OrderLine[], discount: Money): OrderLine[] {
  if (discount.amountMinor === 0) return [...lines]
  const shares = spread(
    discount.amountMinor,
    lines.map(({ total }) => total.amountMinor),
  )
  return lines.map((line, i) => ({ ...line, discount: { ...discount, amountMinor: shares[i] ?? 0 } }))
}

/** What is paid for a line before a tax that comes on top. */
export const netOf = ({ total, discount }: OrderLine): number => total.amountMinor - (discount?.amountMinor ?? 0)

export type Totals = Pick<Order, 'lines' | 'subtotal' | 'discount' | 'tax' | 'shipping' | 'total'>

interface Parts {
  readonly lines: readonly OrderLine[]
  readonly subtotal: Money
  readonly discount: Money
  readonly shippingMinor: number
  /** One for each line, and the last for the shipping. */
  readonly taxes: readonly Tax[]
}

/** What the order costs, of all its parts. Throws `TotalTooLarge`. */
export function totalOf({ lines, subtotal, discount, shippingMinor, taxes }: Parts): Totals {
  const { currency } = subtotal
  const money = (amountMinor: number): Money => ({ amountMinor, currency })
  const sum = (some: readonly Tax[]) => some.reduce((all, { amountMinor }) => all + amountMinor, 0)
  const onTop = sum(taxes.filter(({ isIncluded }) => !isIncluded))
  const amountMinor = subtotal.amountMinor - discount.amountMinor + shippingMinor + onTop
  if (amountMinor > maxTotalMinor) throw TotalTooLarge({ amountMinor })
  return {
    lines: lines.map((line, i) => {
      const tax = taxes[i]?.amountMinor ?? 0
      return tax === 0 ? line : { ...line, tax: money(tax) }
    }),
    subtotal,
    discount,
    tax: money(sum(taxes)),
    shipping: money(shippingMinor),
    total: money(amountMinor),
  }
}
