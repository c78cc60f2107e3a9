import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { every, sweepAtRestMs } from '@tradewind/service-kit/every'
import { runService } from '@tradewind/service-kit/service'
import { createTokenVerifier } from '@tradewind/service-kit/tokens'
import { createApp } from './app.ts'
import { guessLimitsOf, readConfig } from './config.ts'
import { createPasswordHasher } from './crypto/password-hasher.ts'
import { parseProviders } from './crypto/provider-settings.ts'
import { answerAccountMail } from './events/answer-account-mail.ts'
import { answerApiKeyToken } from './events/answer-api-key-token.ts'
import { answerUserContact } from './events/answer-user-contact.ts'
import { askAboutPersons } from './events/ask-about-person.ts'
import { onOperatorActed } from './events/on-operator-acted.ts'
import { onPersonErased } from './events/on-person-erased.ts'
import { migrations } from './store/migrations.ts'
import { openGuard } from './store/open-guard.ts'
import { openKeys, publicKeysOf } from './store/open-keys.ts'
import { createRepositories } from './store/repositories.ts'
import { createDeferredWork } from './use-cases/deferred-work.ts'

const dayMs = 24 * 3600 * 1000
/** Far shorter than a new key is published before it signs. */
const lookAtKeysEveryMs = 10_000
const purgeEveryMs = 60_000

await runService('auth', readConfig, async (context) => {
  const { config, logger, revocations } = context
  const now = () => new Date()
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience, AUTH_KEYS: secretKeys } = config

  const database = await openDatabase(context, 'auth', migrations)
  const messaging = await openMessaging(context, 'auth', { isTransient: isUnavailable, ping: database.ping })
  const stores = createRepositories(database.db, now)
  messaging.relay(...stores.outboxes)

  const keys = await openKeys(database.db, secretKeys, now)
  const passwords = await createPasswordHasher({
    concurrency: config.AUTH_HASH_CONCURRENCY,
    maxWaiting: config.AUTH_HASH_QUEUE,
  })
  context.metrics.gauge({
    name: 'password_hashes_waiting',
    help: 'Argon2id computations that wait for a core; a sign-in is refused when AUTH_HASH_QUEUE of them wait',
    collect() {
      this.set(passwords.waiting())
    },
  })
  const deferred = createDeferredWork((error) => logger.warn({ err: error }, 'a mail could not be asked for'))
  context.onShutdown('deferred work', deferred.settle)
  const guard = await openGuard(database.db, secretKeys, now)
  context.onShutdown('guesses given back', guard.flush)
  const app = createApp({
    ...stores,
    passwords,
    persons: askAboutPersons(messaging),
    guard: { ...guard, limits: guessLimitsOf(config) },
    keys,
    keyRotation: {
      everyMs: config.AUTH_KEY_ROTATION_DAYS * dayMs,
      publishMs: config.AUTH_KEY_PUBLISH_SECONDS * 1000,
    },
    secretKeys,
    lifetime: { absoluteMs: config.AUTH_SESSION_DAYS * dayMs, idleMs: config.AUTH_SESSION_IDLE_DAYS * dayMs },
    staffNeedsMfa: config.AUTH_REQUIRE_OPERATOR_MFA,
    registerByMail: config.AUTH_REGISTER_BY_MAIL,
    productName: config.AUTH_PRODUCT_NAME,
    providerSettings: parseProviders(config.AUTH_OIDC_PROVIDERS ?? '[]') ?? [],
    relyingParty: {
      id: config.AUTH_PASSKEY_DOMAIN,
      name: config.AUTH_PRODUCT_NAME,
      origins: config.AUTH_PASSKEY_ORIGINS.split(','),
    },
    pagesUrl: config.AUTH_PAGES_URL,
    deferred,
    issuer,
    publicUrl: config.AUTH_PUBLIC_URL ?? issuer,
    audience,
    now,
  })
  answerUserContact(messaging, app.findContact)
  answerAccountMail(messaging, app.readAccountMail)
  answerApiKeyToken(messaging, app.exchangeApiKey)

  const { AUTH_BOOTSTRAP_OPERATOR_EMAIL: email, AUTH_BOOTSTRAP_OPERATOR_PASSWORD: password } = config
  if (email !== undefined && password !== undefined)
    logger.info({ operator: await app.ensureOperator({ email, password }) }, 'operator account is in place')
  every(context, 'signing keys', lookAtKeysEveryMs, app.keepSigningKeys)
  const erased = onPersonErased(app.erase)
  messaging.subscribe({
    from: 'orders',
    name: 'erasures-orders',
    filter: 'orders.person.>',
    handlers: [erased.orders],
  })
  messaging.subscribe({
    from: 'notifications',
    name: 'erasures-notifications',
    filter: 'notifications.person.>',
    handlers: [erased.notifications],
  })
  messaging.subscribe({
    from: 'orders',
    name: 'audit-orders',
    filter: 'orders.operator.>',
    handlers: [onOperatorActed(app.recordOperatorAction, 'orders')],
  })
  messaging.subscribe({
    from: 'inventory',
    name: 'audit-inventory',
    filter: 'inventory.operator.>',
    handlers: [onOperatorActed(app.recordOperatorAction, 'inventory')],
  })
  messaging.subscribe({
    from: 'payments',
    name: 'audit-payments',
    filter: 'payments.operator.>',
    handlers: [onOperatorActed(app.recordOperatorAction, 'payments')],
  })
  messaging.subscribe({
    from: 'notifications',
    name: 'audit-notifications',
    filter: 'notifications.operator.>',
    handlers: [onOperatorActed(app.recordOperatorAction, 'notifications')],
  })
  every(context, 'erasures', 1000, app.erase.sweep, sweepAtRestMs)
  every(context, 'exports', 1000, app.exports.sweep, sweepAtRestMs)
  every(context, 'audit chain', 1000, app.sealAudit, sweepAtRestMs)
  every(context, 'purge', purgeEveryMs, app.purgeEnded)

  const tokens = createTokenVerifier({ issuer, audience, keys: publicKeysOf(keys), revocations })
  return { routes: app.routes, tokens, isUnavailable }
})
