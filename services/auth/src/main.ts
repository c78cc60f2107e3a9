import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { runService } from '@tradewind/service-kit/service'
import { createKeySet, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { createApp } from './app.ts'
import { readConfig } from './config.ts'
import { createPasswordHasher } from './crypto/password-hasher.ts'
import { openSigningKey } from './crypto/signing-key.ts'
import { answerUserContact } from './events/answer-user-contact.ts'
import { createAccountRepository } from './store/account.repository.ts'
import { migrations } from './store/migrations.ts'
import { createSessionRepository } from './store/session.repository.ts'
import { loadSigningKey } from './store/signing-key.repository.ts'

await runService('auth', readConfig, async (context) => {
  const { config, logger } = context
  const now = () => new Date()
  const { TOKEN_ISSUER: issuer, TOKEN_AUDIENCE: audience } = config

  const database = await openDatabase(context, 'auth', migrations)
  const messaging = await openMessaging(context, 'auth', { isTransient: isUnavailable, ping: database.ping })
  const accounts = createAccountRepository(database.db, now)
  const sessions = createSessionRepository(database.db, now)
  messaging.relay(accounts.outbox, sessions.outbox)

  const key = openSigningKey(await loadSigningKey(database.db, now))
  const passwords = await createPasswordHasher({
    concurrency: config.AUTH_HASH_CONCURRENCY,
    maxWaiting: config.AUTH_HASH_QUEUE,
  })
  const app = createApp({ accounts, sessions, passwords, key, issuer, audience, now })
  answerUserContact(messaging, app.findContact)

  const { AUTH_BOOTSTRAP_OPERATOR_EMAIL: email, AUTH_BOOTSTRAP_OPERATOR_PASSWORD: password } = config
  if (email !== undefined && password !== undefined)
    logger.info({ operator: await app.ensureOperator({ email, password }) }, 'operator account is in place')

  const tokens = createTokenVerifier({ issuer, audience, keys: createKeySet([key.jwk]) })
  return { routes: app.routes, tokens, isUnavailable }
})
