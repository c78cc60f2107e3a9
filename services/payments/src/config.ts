import { backendSettings, loadConfig, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

export const settings = Type.Object({
  ...serviceSettings,
  ...backendSettings('tradewind_payments'),
  PAYMENTS_PROVIDER: Type.Enum(['simulator', 'stripe'], {
    default: 'simulator',
    description: 'who makes the payments; the simulator moves no money',
  }),
  PAYMENTS_STRIPE_SECRET_KEY: Type.Optional(
    Type.String({ pattern: '^(sk|rk)_[A-Za-z0-9_]+$', description: 'secret or restricted key of the Stripe account' }),
  ),
  PAYMENTS_STRIPE_WEBHOOK_SECRET: Type.Optional(
    Type.String({ pattern: '^whsec_.+$', description: 'signing secret of the webhook endpoint at Stripe' }),
  ),
  PAYMENTS_STRIPE_API_BASE: Type.String({
    default: 'https://api.stripe.com',
    format: 'uri',
    pattern: '^https?://',
    description: 'where the Stripe API is',
  }),
  PAYMENTS_RECONCILE_HOUR: Type.String({
    default: '3',
    pattern: '^(off|[0-9]|1[0-9]|2[0-3])$',
    description: 'hour of the day (UTC) at which payments are compared with the provider, or `off`',
  }),
})
export type Config = Static<typeof settings>

/** What one variable demands of another. */
export const settingRules = (config: Config): string[] => {
  if (config.PAYMENTS_PROVIDER !== 'stripe') return []
  const needed = ['PAYMENTS_STRIPE_SECRET_KEY', 'PAYMENTS_STRIPE_WEBHOOK_SECRET'] as const
  return needed.filter((name) => config[name] === undefined).map((name) => `${name} is not set, and Stripe needs it`)
}

/** The hour of the daily comparison; undefined when there is none. */
export const reconcileHourOf = ({ PAYMENTS_RECONCILE_HOUR: hour }: Config): number | undefined =>
  hour === 'off' ? undefined : Number(hour)

export const loadPaymentsConfig = (): Config => loadConfig(settings, process.env, settingRules)
