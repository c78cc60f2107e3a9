import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import { AccountMailQueryV1, MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { NotificationsPersonDataQueryV1 } from '@tradewind/contracts/privacy'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openOperatorLog, operatorLogMigration } from '@tradewind/database/operator-log'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { answerQuery, askQuery } from '@tradewind/messaging/query'
import { every, sweepAtRestMs } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createNotifications } from './app.ts'
import { loadNotificationsConfig } from './config.ts'
import { createNotificationSecrets } from './crypto/notification-secrets.ts'
import { publicEvents } from './events/on-public-event.ts'
import { createSmtpMailer, keepingMailer } from './mail/mailer.ts'
import { templateLanguage } from './mail/template-language.ts'
import { createErasedPersons } from './store/erased-persons.ts'
import { migrations } from './store/migrations.ts'
import { createNotificationRepository } from './store/notification.repository.ts'
import { createPreferencesRepository } from './store/preferences.repository.ts'
import { createTemplateRepository } from './store/template.repository.ts'
import { createUndeliverableAddresses } from './store/undeliverable-addresses.ts'
import { createWebhookDeliveryRepository } from './store/webhook-delivery.repository.ts'
import { createWebhookEndpointRepository } from './store/webhook-endpoint.repository.ts'
import { createWebhookLanes } from './store/webhook-lanes.ts'
import { makeAddressFor } from './use-cases/address-for.ts'
import { createWebhookSender } from './webhooks/webhook-sender.ts'

const dayMs = 24 * 3600 * 1000

await runService('notifications', loadNotificationsConfig, async (context) => {
  const { config, logger, metrics, onShutdown } = context
  const { db, ping } = await openDatabase(context, 'notifications', [...migrations, operatorLogMigration])
  const messaging = await openMessaging(context, 'notifications', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const operatorLog = openOperatorLog(context, db, 'notifications')
  const notifications = createNotificationRepository(db, now)
  const erasedPersons = createErasedPersons(db, now)
  const endpoints = createWebhookEndpointRepository(db, now)
  const deliveries = createWebhookDeliveryRepository(db, now)
  const { SMTP_URL: url, MAIL_FROM: from } = config
  const mailer = url === undefined ? keepingMailer : createSmtpMailer({ url, from })
  const mails = metrics.counter({
    name: 'mail_attempts_total',
    help: 'Mails handed over, by what the mail server said: taken, refused, failed',
    labelNames: ['outcome'],
  })
  onShutdown('mailer', () => mailer.close())
  if (url === undefined) logger.info('no SMTP_URL: mails are kept and shown to operators, not sent')

  const sender = createWebhookSender({
    allowHttp: config.NOTIFICATIONS_WEBHOOK_ALLOW_HTTP,
    allowPrivate: config.NOTIFICATIONS_WEBHOOK_ALLOW_PRIVATE,
    ports: config.NOTIFICATIONS_WEBHOOK_PORTS?.split(',').map(Number) ?? [],
  })
  const attempts = metrics.histogram({
    name: 'webhook_attempt_duration_seconds',
    help: 'Time of attempts to deliver a webhook, by class of the answer, 0 for none',
    labelNames: ['status'],
    buckets: [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
  })

  const service = createNotifications({
    notifications,
    preferences: createPreferencesRepository(db, now),
    templates: createTemplateRepository(db),
    undeliverable: createUndeliverableAddresses(db, now),
    erasedPersons,
    mailer: {
      ...mailer,
      send: async (notification) => {
        const outcome = await mailer.send(notification)
        mails.inc({ outcome: outcome.kind })
        return outcome
      },
    },
    language: templateLanguage,
    addressFor: makeAddressFor({
      askOrders: askQuery(messaging, OrderContactQueryV1),
      askAuth: askQuery(messaging, UserContactQueryV1),
    }),
    askAccountMail: askQuery(messaging, AccountMailQueryV1),
    secrets: createNotificationSecrets({
      keys: config.NOTIFICATIONS_KEYS,
      bounceSecret: config.NOTIFICATIONS_BOUNCE_SECRET,
      now,
    }),
    defaultLocale: config.NOTIFICATIONS_LOCALE,
    publicUrl: config.NOTIFICATIONS_PUBLIC_URL,
    webhooks: {
      endpoints,
      deliveries,
      lanes: createWebhookLanes(db),
      sender: {
        ...sender,
        send: async (request) => {
          const answer = await sender.send(request)
          attempts.observe({ status: Math.floor((answer.statusCode ?? 0) / 100) }, answer.durationMs / 1000)
          return answer
        },
      },
      disableAfterMs: config.NOTIFICATIONS_WEBHOOK_DISABLE_AFTER_DAYS * dayMs,
      retentionMs: config.NOTIFICATIONS_WEBHOOK_RETENTION_DAYS * dayMs,
      chance: Math.random,
      onDeliveryError: (error, endpointId) =>
        logger.warn({ err: error, endpointId }, 'webhooks could not be delivered and are tried again'),
    },
    now,
    newId,
  })
  messaging.relay(operatorLog.outbox, notifications.outbox, erasedPersons.outbox, endpoints.outbox, deliveries.outbox)
  messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: service.onOrders })
  messaging.subscribe({
    from: 'orders',
    name: 'fulfilments',
    filter: 'orders.fulfilment.>',
    handlers: service.onFulfilments,
  })
  messaging.subscribe({ from: 'auth', name: 'users', filter: 'auth.user.erased.>', handlers: service.onUsers })
  answerQuery(messaging, NotificationsPersonDataQueryV1, ({ userId, after }) => service.dataOfPerson(userId, after))
  messaging.subscribe({ from: 'orders', name: 'returns', filter: 'orders.return.>', handlers: service.onReturns })
  messaging.subscribe({
    from: 'auth',
    name: 'account-mails',
    filter: MailRequestedV1.type,
    handlers: service.onAccountMails,
  })
  const { deliver, onPublicEvents, wantedSince } = service.webhooks
  onShutdown('webhooks', deliver.stop)
  for (const { from: owner, filter } of publicEvents)
    messaging.subscribe({ from: owner, name: `webhooks-${owner}`, filter, handlers: onPublicEvents, wantedSince })
  // Asked before the consumers are waited for.
  onShutdown('mail queue', mailer.stopWaiting)
  every(context, 'mail sweeper', 1000, service.sweep, sweepAtRestMs)
  every(context, 'webhook sweeper', 1000, deliver.sweep, sweepAtRestMs)
  every(context, 'webhook retention', 60_000, service.webhooks.sweep)
  every(context, 'address sweeper', 3600_000, service.forgetAddresses)
  return { routes: service.routes, operatorLog, isUnavailable }
})
