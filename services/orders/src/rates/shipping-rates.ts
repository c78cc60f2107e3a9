import { defineError } from '@tradewind/service-kit/errors'
import { type Static, Type } from 'typebox'

export const NotShippable = defineError(
  'ORDERS_NOT_SHIPPABLE',
  'unprocessable',
  'Nothing is known of how to ship this order there.',
)

export interface Parcel {
  readonly weightGrams: number
  readonly currency: string
  readonly country: string | undefined
}

/** Says what shipping costs, in minor units of the order's currency. Throws `NotShippable`. */
export interface ShippingCalculator {
  readonly costOf: (parcel: Parcel) => Promise<number>
}

export const ShippingRates = Type.Array(
  Type.Object(
    {
      country: Type.Optional(Type.String({ pattern: '^[A-Z]{2}$' })),
      upToGrams: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000_000 })),
      amountMinor: Type.Integer({ minimum: 0, maximum: 1_000_000_000 }),
      currency: Type.String({ pattern: '^[A-Z]{3}$' }),
    },
    { additionalProperties: false },
  ),
  { maxItems: 10_000 },
)
export type ShippingRates = Static<typeof ShippingRates>

const heaviest = Number.POSITIVE_INFINITY

/**
 * Takes the lightest band that the order fits into, of its country when that has bands of its own, else of those for every
 * country. Without any rates shipping costs nothing.
 */
export function createShippingRates(rates: ShippingRates): ShippingCalculator {
  const bands = [...rates].sort((a, b) => (a.upToGrams ?? heaviest) - (b.upToGrams ?? heaviest))
  const costIn = ({ weightGrams, currency, country }: Parcel): number => {
    if (bands.length === 0) return 0
    const inCurrency = bands.filter((band) => band.currency === currency)
    const own = inCurrency.filter((band) => country !== undefined && band.country === country)
    const candidates = own.length > 0 ? own : inCurrency.filter((band) => band.country === undefined)
    const band = candidates.find(({ upToGrams = heaviest }) => weightGrams <= upToGrams)
    if (band === undefined) throw NotShippable({ weightGrams, currency, country })
    return band.amountMinor
  }
  return { costOf: async (parcel) => costIn(parcel) }
}
