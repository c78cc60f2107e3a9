import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

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
})
export type Config = Static<typeof settings>

export const loadOrdersConfig = (): Config => loadConfig(settings)
