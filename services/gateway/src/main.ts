import { ApiKeyTokenQueryV1 } from '@tradewind/contracts/api-keys'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { askQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createJwksSource, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { createGateway } from './app.ts'
import { readConfig } from './config.ts'
import { createCountExchange } from './count-exchange.ts'
import { createApiKeyExchange } from './http/exchange-api-key.ts'
import { createSharedCounts } from './http/shared-counts.ts'

const marginMs = 5_000
/** What a limit can be exceeded by is what other replicas admit in so long. */
const shareEveryMs = 200
/** The gateway hears of revoked tokens and asks questions; it has no durable consumers that would depend on anything. */
const nothingElse = { isTransient: () => false, ping: async () => undefined }

await runService('gateway', readConfig, async (context) => {
  const { config, logger, revocations, addCheck } = context
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience } = config
  const keys = createJwksSource(config.JWKS_URL ?? new URL('/.well-known/jwks.json', config.AUTH_URL).href, {
    onError: (error) => logger.warn({ err: error }, 'token keys could not be renewed'),
  })
  addCheck('token keys', () => keys.load())
  const tokens = createTokenVerifier({ issuer, audience, keys, revocations })
  const messaging = await openMessaging(context, 'gateway', nothingElse)
  const askForToken = askQuery(messaging, ApiKeyTokenQueryV1)
  const counts = createSharedCounts({ id: newId('gtw'), exchange: createCountExchange(messaging) })
  const sharing = setInterval(counts.share, shareEveryMs)
  context.onShutdown('shared counts', () => clearInterval(sharing))
  const gateway = createGateway({
    counts,
    upstreams: {
      auth: config.AUTH_URL,
      inventory: config.INVENTORY_URL,
      orders: config.ORDERS_URL,
      payments: config.PAYMENTS_URL,
      notifications: config.NOTIFICATIONS_URL,
    },
    tokens,
    exchangeApiKey: createApiKeyExchange(async (keyHash) => (await askForToken({ keyHash })).accessToken),
    upstreamTimeoutMs: config.UPSTREAM_TIMEOUT_MS,
    perMinute: config.RATE_LIMIT_PER_MINUTE,
    signInsPerMinute: config.RATE_LIMIT_AUTH_PER_MINUTE,
    origins: config.CORS_ORIGINS?.split(',') ?? [],
  })
  return { routes: [], raw: gateway, tokens, handlerTimeoutMs: config.UPSTREAM_TIMEOUT_MS + marginMs }
})
