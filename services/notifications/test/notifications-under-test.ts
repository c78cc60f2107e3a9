import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import { AccountMailQueryV1, MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { NotificationsPersonDataQueryV1 } from '@tradewind/contracts/privacy'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { answerQuery, askQuery } from '@tradewind/messaging/query'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import { createNotifications } from '../src/app.ts'
import { settings } from '../src/config.ts'
import { createNotificationSecrets } from '../src/crypto/notification-secrets.ts'
import { publicEvents } from '../src/events/on-public-event.ts'
import { createSmtpMailer, keepingMailer, type Mailer } from '../src/mail/mailer.ts'
import { templateLanguage } from '../src/mail/template-language.ts'
import { createErasedPersons } from '../src/store/erased-persons.ts'
import { migrations } from '../src/store/migrations.ts'
import { createNotificationRepository, type StoredNotification } from '../src/store/notification.repository.ts'
import { createPreferencesRepository } from '../src/store/preferences.repository.ts'
import { createTemplateRepository } from '../src/store/template.repository.ts'
import { createUndeliverableAddresses } from '../src/store/undeliverable-addresses.ts'
import { createWebhookDeliveryRepository } from '../src/store/webhook-delivery.repository.ts'
import { createWebhookEndpointRepository } from '../src/store/webhook-endpoint.repository.ts'
import { createWebhookLanes } from '../src/store/webhook-lanes.ts'
import { makeAddressFor } from '../src/use-cases/address-for.ts'
import { createWebhookSender, type WebhookSenderOptions } from '../src/webhooks/webhook-sender.ts'

export interface NotificationsUnderTest extends RunningService {
  readonly app: ReturnType<typeof createNotifications>
  readonly clock: { now: Date }
  /** What orders and auth answer when they are asked for an address, by order and by user. */
  readonly addresses: Map<string, string>
  /** What auth answers when it is asked for a mail about an account. */
  readonly accountMails: Map<string, { to: string; name: string; locale?: 'en' | 'de'; link?: string }>
  /** What went wrong while webhooks were delivered, which is not said to anybody but the log. */
  readonly deliveryErrors: readonly unknown[]
  readonly ofOrder: (orderId: string) => Promise<StoredNotification[]>
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  readonly smtpUrl?: string
  /** As in NOTIFICATIONS_KEYS. */
  readonly keys?: string
  /** Instead of the one that the configuration asks for. */
  readonly mailer?: Mailer
  readonly sender?: Partial<WebhookSenderOptions>
}

export const bounceSecret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
const dayMs = 24 * 3600 * 1000

/** Notifications as main.ts wires it, with the two services it asks; its sweeper runs when the test says so. */
export async function startNotifications(options: Options): Promise<NotificationsUnderTest> {
  const { mongodbUrl, natsUrl, database, smtpUrl } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
    SMTP_URL: smtpUrl,
    NOTIFICATIONS_KEYS: options.keys ?? `test:${Buffer.alloc(32, 5).toString('base64')}`,
    NOTIFICATIONS_BOUNCE_SECRET: bounceSecret,
    NOTIFICATIONS_PUBLIC_URL: 'https://shop.example',
  })
  const clock = { now: inAnHour() }
  const addresses = new Map<string, string>()
  const accountMails: NotificationsUnderTest['accountMails'] = new Map()
  const deliveryErrors: unknown[] = []
  const wired: Partial<Pick<NotificationsUnderTest, 'app' | 'ofOrder'>> = {}
  const running = await runInTest('notifications', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'notifications', migrations)
    const messaging = await openMessaging(context, 'notifications', { isTransient: isUnavailable, ping })
    const now = () => clock.now
    const notifications = createNotificationRepository(db, now)
    const erasedPersons = createErasedPersons(db, now)
    const { SMTP_URL: url, MAIL_FROM: from } = config
    const mailer = options.mailer ?? (url === undefined ? keepingMailer : createSmtpMailer({ url, from }))
    context.onShutdown('mailer', () => mailer.close())

    answerQuery(messaging, OrderContactQueryV1, async ({ orderId }) => {
      const email = addresses.get(orderId)
      return { contact: email === undefined ? null : { email } }
    })
    answerQuery(messaging, UserContactQueryV1, async ({ userId }) => {
      const email = addresses.get(userId)
      return { contact: email === undefined ? null : { email, name: 'Ada' } }
    })
    answerQuery(messaging, AccountMailQueryV1, async ({ mailId }) => ({ mail: accountMails.get(mailId) ?? null }))
    const endpoints = createWebhookEndpointRepository(db, now)
    const deliveries = createWebhookDeliveryRepository(db, now)
    const app = createNotifications({
      notifications,
      preferences: createPreferencesRepository(db, now),
      templates: createTemplateRepository(db),
      undeliverable: createUndeliverableAddresses(db, now),
      erasedPersons,
      mailer,
      language: templateLanguage,
      addressFor: makeAddressFor({
        askOrders: askQuery(messaging, OrderContactQueryV1),
        askAuth: askQuery(messaging, UserContactQueryV1),
      }),
      askAccountMail: askQuery(messaging, AccountMailQueryV1),
      secrets: createNotificationSecrets({ keys: config.NOTIFICATIONS_KEYS, bounceSecret, now }),
      defaultLocale: config.NOTIFICATIONS_LOCALE,
      publicUrl: config.NOTIFICATIONS_PUBLIC_URL,
      webhooks: {
        endpoints,
        deliveries,
        lanes: createWebhookLanes(db),
        sender: createWebhookSender({ allowHttp: true, allowPrivate: true, ports: [], ...options.sender }),
        disableAfterMs: config.NOTIFICATIONS_WEBHOOK_DISABLE_AFTER_DAYS * dayMs,
        retentionMs: config.NOTIFICATIONS_WEBHOOK_RETENTION_DAYS * dayMs,
        chance: () => 0.5,
        onDeliveryError: (error) => deliveryErrors.push(error),
      },
      now,
      newId,
    })
    const { deliver, onPublicEvents } = app.webhooks
    context.onShutdown('webhooks', deliver.stop)
    const relay = messaging.relay(notifications.outbox, erasedPersons.outbox, endpoints.outbox, deliveries.outbox)
    messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: app.onOrders })
    messaging.subscribe({
      from: 'orders',
      name: 'fulfilments',
      filter: 'orders.fulfilment.>',
      handlers: app.onFulfilments,
    })
    messaging.subscribe({ from: 'auth', name: 'users', filter: 'auth.user.erased.>', handlers: app.onUsers })
    answerQuery(messaging, NotificationsPersonDataQueryV1, ({ userId, after }) => app.dataOfPerson(userId, after))
    messaging.subscribe({ from: 'orders', name: 'returns', filter: 'orders.return.>', handlers: app.onReturns })
    messaging.subscribe({
      from: 'auth',
      name: 'account-mails',
      filter: MailRequestedV1.type,
      handlers: app.onAccountMails,
    })
    for (const { from: owner, filter } of publicEvents)
      messaging.subscribe({ from: owner, name: `webhooks-${owner}`, filter, handlers: onPublicEvents })
    Object.assign(wired, {
      app,
      ofOrder: (orderId: string) => notifications.list({ orderId, status: undefined, after: undefined, limit: 100 }),
    })
    return {
      db,
      parts: { routes: app.routes },
      inFlight: relay.inFlight,
      consumers: [
        ['orders', 'notifications-orders'],
        ['orders', 'notifications-fulfilments'],
        ['orders', 'notifications-returns'],
        ['auth', 'notifications-account-mails'],
        ['auth', 'notifications-users'],
        ...publicEvents.map(({ from: owner }) => [owner, `notifications-webhooks-${owner}`] as const),
      ],
    }
  })
  const { app, ofOrder } = wired
  if (app === undefined || ofOrder === undefined) throw new Error('notifications was not wired')
  return { ...running, app, ofOrder, clock, addresses, accountMails, deliveryErrors }
}
