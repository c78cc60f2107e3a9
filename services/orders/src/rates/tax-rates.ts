import { type Static, Type } from 'typebox'
import type { Tax } from '../domain/order-total.ts'

/** An amount that may be taxed. The shipping comes as an item of category `shipping`. */
export interface TaxedItem {
  readonly category: string
  readonly amountMinor: number
}

/** Says what tax there is on the items of an order to a country; undefined when it is not known. One answer per item. */
export interface TaxCalculator {
  readonly taxOn: (items: readonly TaxedItem[], country: string | undefined) => Promise<readonly Tax[]>
}

export const TaxRates = Type.Array(
  Type.Object(
    {
      country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
      category: Type.Optional(Type.String({ minLength: 1, maxLength: 200 })),
      percent: Type.Number({ minimum: 0, maximum: 100 }),
      included: Type.Boolean(),
    },
    { additionalProperties: false },
  ),
  { maxItems: 10_000 },
)
export type TaxRates = Static<typeof TaxRates>

const basisPoints = 10_000

/** Takes the rate that fits best: of country and category, else of the category, else of the country, else of everything. */
export function createTaxRates(rates: TaxRates): TaxCalculator {
  const keyOf = (country = '*', category = '*') => `${country}/${category}`
  const byPlace = new Map(rates.map((rate) => [keyOf(rate.country, rate.category), rate]))
  const rateFor = (country: string | undefined, category: string) =>
    [keyOf(country, category), keyOf(undefined, category), keyOf(country), keyOf()]
      .map((key) => byPlace.get(key))
      .find((rate) => rate !== undefined)
  return {
    taxOn: (items, country) =>
      Promise.resolve(
        items.map(({ category, amountMinor }) => {
          const rate = rateFor(country, category)
          if (rate === undefined) return { amountMinor: 0, isIncluded: true }
          const points = Math.round(rate.percent * (basisPoints / 100))
          const whole = rate.included ? basisPoints + points : basisPoints
          return {
            amountMinor: rounded(BigInt(amountMinor) * BigInt(points), BigInt(whole)),
            isIncluded: rate.included,
          }
        }),
      ),
  }
}

/** Rounds half up; nothing here is negative. */
const rounded = (numerator: bigint, denominator: bigint): number =>
  Number((2n * numerator + denominator) / (2n * denominator))
