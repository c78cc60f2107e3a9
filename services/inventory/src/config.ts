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
})
export type Config = Static<typeof settings>

export const loadInventoryConfig = (): Config => loadConfig(settings)
