import { runService } from '@tradewind/service-kit/service'
import { createJwksSource, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { createGateway } from './app.ts'
import { readConfig } from './config.ts'

const marginMs = 5_000

await runService('gateway', readConfig, async ({ config, logger, addCheck }) => {
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience } = config
  const keys = createJwksSource(config.JWKS_URL ?? new URL('/.well-known/jwks.json', config.AUTH_URL).href, {
    onError: (error) => logger.warn({ err: error }, 'token keys could not be renewed'),
  })
  addCheck('token keys', () => keys.load())
  const tokens = createTokenVerifier({ issuer, audience, keys })
  const gateway = createGateway({
    upstreams: {
      auth: config.AUTH_URL,
      inventory: config.INVENTORY_URL,
      orders: config.ORDERS_URL,
      payments: config.PAYMENTS_URL,
      notifications: config.NOTIFICATIONS_URL,
    },
    tokens,
    upstreamTimeoutMs: config.UPSTREAM_TIMEOUT_MS,
    perMinute: config.RATE_LIMIT_PER_MINUTE,
    signInsPerMinute: config.RATE_LIMIT_AUTH_PER_MINUTE,
    origins: config.CORS_ORIGINS?.split(',') ?? [],
  })
  return { routes: [], raw: gateway, tokens, handlerTimeoutMs: config.UPSTREAM_TIMEOUT_MS + marginMs }
})
