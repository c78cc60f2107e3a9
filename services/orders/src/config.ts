import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, type TSchema, Type } from 'typebox'
import { Errors, Parse } from 'typebox/value'
import { ShippingRates } from './rates/shipping-rates.ts'
import { TaxRates } from './rates/tax-rates.ts'

export const settings = Type.Object({
  ...serviceSettings,
  ...backendSettings('tradewind_orders'),
  REMINDER_SECONDS: Type.Integer({
    default: 5,
    minimum: 1,
    maximum: 3600,
    description: 'how long an order waits for an answer before it is asked for again',
  }),
  STEP_DEADLINE_MINUTES: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1440,
    description: 'how long holding the stock, and then authorising the payment, may take before the order expires',
  }),
  TAX_RATES: Type.String({
    default: '[]',
    description:
      'JSON: `[{ "country"?, "category"?, "percent", "included" }]`; the category `shipping` taxes the shipping',
  }),
  SHIPPING_RATES: Type.String({
    default: '[]',
    description: 'JSON: `[{ "country"?, "upToGrams"?, "amountMinor", "currency" }]`; shipping is free without any',
  }),
  DEFAULT_COUNTRY: Type.Optional(
    Type.String({
      pattern: '^[A-Z]{2}$',
      description: 'ISO 3166-1 code of the country for orders without an address',
    }),
  ),
  ORDERS_CAPTURE: Type.Enum(['now', 'on_ship'], {
    default: 'now',
    description:
      'when money is taken: with the confirmation, or with each shipment; orders keep what held when they were placed',
  }),
  ORDERS_RETURN_DAYS: Type.Integer({
    default: 30,
    minimum: 0,
    maximum: 3650,
    description: 'how many days after its delivery a unit may be sent back',
  }),
})
export type Config = Static<typeof settings>

/** What is wrong with the tables, which are JSON within variables. */
const tableFaults = (config: Config): string[] => [
  ...faultsOf('TAX_RATES', TaxRates, config.TAX_RATES),
  ...faultsOf('SHIPPING_RATES', ShippingRates, config.SHIPPING_RATES),
]

function faultsOf(name: string, schema: TSchema, text: string): string[] {
  try {
    return Errors(schema, JSON.parse(text)).map(({ instancePath, message }) => `${name}${instancePath} ${message}`)
  } catch {
    return [`${name} is not JSON`]
  }
}

export const loadOrdersConfig = (env = process.env): Config => loadConfig(settings, env, tableFaults)

/** The tables of a configuration that was loaded. */
export const ratesOf = ({ TAX_RATES, SHIPPING_RATES }: Pick<Config, 'TAX_RATES' | 'SHIPPING_RATES'>) => ({
  taxRates: Parse(TaxRates, JSON.parse(TAX_RATES)),
  shippingRates: Parse(ShippingRates, JSON.parse(SHIPPING_RATES)),
})
