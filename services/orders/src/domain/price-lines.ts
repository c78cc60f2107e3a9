import { defineError } from '@tradewind/service-kit/errors'
import type { Money, OrderLine } from './order.ts'

export const UnknownSku = defineError('ORDERS_UNKNOWN_SKU', 'unprocessable', 'A SKU is not for sale.')
export const MixedCurrencies = defineError(
  'ORDERS_MIXED_CURRENCIES',
  'unprocessable',
  'An order has one currency; these products are priced in several.',
)
export const TotalTooLarge = defineError('ORDERS_TOTAL_TOO_LARGE', 'unprocessable', 'The total is above the limit.')

/** What the catalogue says of a SKU. */
export interface PricedSku {
  readonly sku: string
  readonly title: string
  readonly price: Money
  readonly category: string
  readonly weightGrams: number
}

export interface RequestedLine {
  readonly sku: string
  readonly quantity: number
}

/** Highest total, in minor units. */
export const maxTotalMinor = 1_000_000_000_000

/** Prices the lines on the server. Throws `UnknownSku` with a pointer per line, `MixedCurrencies`, `TotalTooLarge`. */
export function priceLines(
  requested: readonly RequestedLine[],
  catalogue: ReadonlyMap<string, PricedSku>,
  newLineId: () => string,
): { lines: OrderLine[]; subtotal: Money } {
  const unknown = requested.flatMap(({ sku }, index) =>
    catalogue.has(sku) ? [] : [{ pointer: `/lines/${index}/sku`, detail: `${sku} is not for sale` }],
  )
  if (unknown.length > 0) throw UnknownSku({}, { errors: unknown })
  const lines = requested.flatMap(({ sku, quantity }): OrderLine[] => {
    const priced = catalogue.get(sku)
    if (priced === undefined) return []
    const { title, price } = priced
    return [{ id: newLineId(), sku, title, quantity, unitPrice: price, total: times(price, quantity) }]
  })
  const currencies = new Set(lines.map(({ total }) => total.currency))
  const [currency] = currencies
  if (currency === undefined || currencies.size > 1) throw MixedCurrencies({ currencies: [...currencies] })
  const amountMinor = lines.reduce((sum, { total }) => sum + total.amountMinor, 0)
  if (amountMinor > maxTotalMinor) throw TotalTooLarge({ amountMinor })
  return { lines, subtotal: { amountMinor, currency } }
}

const times = ({ amountMinor, currency }: Money, quantity: number): Money => ({
  amountMinor: amountMinor * quantity,
  currency,
})
