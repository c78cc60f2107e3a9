import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

export const settings = Type.Object({ ...serviceSettings, ...backendSettings('tradewind_payments') })
export type Config = Static<typeof settings>

export const loadPaymentsConfig = (): Config => loadConfig(settings)
