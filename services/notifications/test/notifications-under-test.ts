import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { answerQuery, askQuery } from '@tradewind/messaging/query'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import { createNotifications } from '../src/app.ts'
import { settings } from '../src/config.ts'
import { createSmtpMailer, keepingMailer } from '../src/mail/mailer.ts'
import { migrations } from '../src/store/migrations.ts'
import { createNotificationRepository, type StoredNotification } from '../src/store/notification.repository.ts'

export interface NotificationsUnderTest extends RunningService {
  readonly app: ReturnType<typeof createNotifications>
  readonly clock: { now: Date }
  /** What orders and auth answer when they are asked for an address, by order and by user. */
  readonly addresses: Map<string, string>
  readonly ofOrder: (orderId: string) => Promise<StoredNotification[]>
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  readonly smtpUrl?: string
}

/** Notifications as main.ts wires it, with the two services it asks; its sweeper runs when the test says so. */
export async function startNotifications(options: Options): Promise<NotificationsUnderTest> {
  const { mongodbUrl, natsUrl, database, smtpUrl } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
    SMTP_URL: smtpUrl,
  })
  const clock = { now: inAnHour() }
  const addresses = new Map<string, string>()
  const wired: Partial<Pick<NotificationsUnderTest, 'app' | 'ofOrder'>> = {}
  const running = await runInTest('notifications', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'notifications', migrations)
    const messaging = await openMessaging(context, 'notifications', { isTransient: isUnavailable, ping })
    const now = () => clock.now
    const notifications = createNotificationRepository(db, now)
    const { SMTP_URL: url, MAIL_FROM: from } = config
    const mailer = url === undefined ? keepingMailer : createSmtpMailer({ url, from })
    context.onShutdown('mailer', () => mailer.close())

    answerQuery(messaging, OrderContactQueryV1, async ({ orderId }) => {
      const email = addresses.get(orderId)
      return { contact: email === undefined ? null : { email } }
    })
    answerQuery(messaging, UserContactQueryV1, async ({ userId }) => {
      const email = addresses.get(userId)
      return { contact: email === undefined ? null : { email, name: 'Ada' } }
    })
    const askOrders = askQuery(messaging, OrderContactQueryV1)
    const askAuth = askQuery(messaging, UserContactQueryV1)
    const app = createNotifications({
      notifications,
      mailer,
      addressFor: async ({ contact, orderId, customerId }) => {
        const answer = contact === 'order' ? await askOrders({ orderId }) : await askAuth({ userId: customerId })
        return answer.contact?.email
      },
      now,
      newId,
    })
    const relay = messaging.relay(notifications.outbox)
    messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: app.onOrders })
    Object.assign(wired, {
      app,
      ofOrder: (orderId: string) => notifications.list({ orderId, after: undefined, limit: 100 }),
    })
    return {
      db,
      parts: { routes: app.routes },
      inFlight: relay.inFlight,
      consumers: [['orders', 'notifications-orders']],
    }
  })
  const { app, ofOrder } = wired
  if (app === undefined || ofOrder === undefined) throw new Error('notifications was not wired')
  return { ...running, app, ofOrder, clock, addresses }
}
