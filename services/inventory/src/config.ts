import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

export const settings = Type.Object({
  ...serviceSettings,
  ...backendSettings('tradewind_inventory'),
  HOLD_MINUTES: Type.Integer({
    default: 15,
    minimum: 1,
    maximum: 1440,
    description: 'how long stock is held for an order that is not paid yet',
  }),
  ALLOCATION_STRATEGY: Type.Enum(['priority', 'fewest-parcels'], {
    default: 'priority',
    description: 'how locations are chosen for an order: each SKU from the first that has it, or the fewest parcels',
  }),
})
export type Config = Static<typeof settings>

export const loadInventoryConfig = (): Config => loadConfig(settings)
