import { loadConfig, natsSettings, serviceSettings } from '@tradewind/service-kit/config'
import { type Static, Type } from 'typebox'

const upstream = (service: string) =>
  Type.String({ pattern: '^https?://[^/]+/?$', description: `address of the service ${service}` })

export const settings = Type.Object({
  ...serviceSettings,
  JWKS_URL: Type.Optional(
    Type.String({
      format: 'uri',
      description: 'where the public keys of access tokens are; `/.well-known/jwks.json` of AUTH_URL when not set',
    }),
  ),
  ...natsSettings,
  AUTH_URL: upstream('auth'),
  INVENTORY_URL: upstream('inventory'),
  ORDERS_URL: upstream('orders'),
  PAYMENTS_URL: upstream('payments'),
  NOTIFICATIONS_URL: upstream('notifications'),
  UPSTREAM_TIMEOUT_MS: Type.Integer({
    minimum: 100,
    maximum: 60_000,
    default: 40_000,
    description: 'how long a service may take to answer; longer than the longest `Prefer: wait`',
  }),
  RATE_LIMIT_PER_MINUTE: Type.Integer({
    minimum: 1,
    maximum: 10_000_000,
    default: 600,
    description: 'requests per minute of one signed-in caller, or of one address without a token',
  }),
  RATE_LIMIT_AUTH_PER_MINUTE: Type.Integer({
    minimum: 1,
    maximum: 10_000_000,
    default: 60,
    description: 'sign-ins, registrations and refreshes per minute of one address',
  }),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      pattern: '^https?://[^,/ ]+(,https?://[^,/ ]+)*$',
      description: 'web origins that may call from a browser, separated by commas; none when not set',
    }),
  ),
})
export type Config = Static<typeof settings>

export const readConfig = (env?: NodeJS.ProcessEnv): Config => loadConfig(settings, env)
