import { codeIdOf, type DiscountCode, discountOn } from '../domain/discount-code.ts'
import { netOf, type Totals, totalOf, withDiscount } from '../domain/order-total.ts'
import { priceLines, type RequestedLine } from '../domain/price-lines.ts'
import type { ShippingCalculator } from '../rates/shipping-rates.ts'
import type { TaxCalculator } from '../rates/tax-rates.ts'
import type { CatalogueRepository } from '../store/catalogue.repository.ts'
import type { DiscountRepository } from '../store/discount.repository.ts'

export interface Basket {
  readonly lines: readonly RequestedLine[]
  readonly discountCode?: string
  /** Where it is sent to. */
  readonly country: string | undefined
}

export interface PricedBasket extends Totals {
  /** The code that was given; its use is not claimed yet. */
  readonly code?: DiscountCode
}

/**
 * Prices a basket on the server. Throws `UnknownSku`, `MixedCurrencies`, `TotalTooLarge`, `UnknownDiscountCode`,
 * `DiscountNotApplicable`, `NotShippable`.
 */
export type PriceOrder = (basket: Basket) => Promise<PricedBasket>

interface Ports {
  readonly catalogue: CatalogueRepository
  readonly discounts: DiscountRepository
  readonly tax: TaxCalculator
  readonly shipping: ShippingCalculator
  /** Where orders without an address are taxed and sent to. */
  readonly defaultCountry: string | undefined
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makePriceOrder =
  ({ catalogue, discounts, tax, shipping, defaultCountry, now, newId }: Ports): PriceOrder =>
  async ({ lines: requested, discountCode, country = defaultCountry }) => {
    const forSale = await catalogue.findForSale(requested.map(({ sku }) => sku))
    const { lines: gross, subtotal } = priceLines(requested, forSale, () => newId('oln'))
    const code = discountCode === undefined ? undefined : await discounts.codes.find(codeIdOf(discountCode))
    const discount = discountCode === undefined ? { ...subtotal, amountMinor: 0 } : discountOn(code, subtotal, now())
    const lines = withDiscount(gross, discount)
    const weightGrams = lines.reduce(
      (sum, { sku, quantity }) => sum + (forSale.get(sku)?.weightGrams ?? 0) * quantity,
      0,
    )
    const shippingMinor = await shipping.costOf({ weightGrams, currency: subtotal.currency, country })
    const taxes = await tax.taxOn(
      [
        ...lines.map((line) => ({ category: forSale.get(line.sku)?.category ?? '', amountMinor: netOf(line) })),
        { category: 'shipping', amountMinor: shippingMinor },
      ],
      country,
    )
    return {
      ...totalOf({ lines, subtotal, discount, shippingMinor, taxes }),
      ...(code !== undefined && { code }),
    }
  }
