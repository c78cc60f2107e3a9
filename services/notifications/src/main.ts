import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { askQuery } from '@tradewind/messaging/query'
import { every } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createNotifications } from './app.ts'
import { loadNotificationsConfig } from './config.ts'
import { createSmtpMailer, keepingMailer } from './mail/mailer.ts'
import { migrations } from './store/migrations.ts'
import { createNotificationRepository } from './store/notification.repository.ts'

await runService('notifications', loadNotificationsConfig, async (context) => {
  const { config, logger, onShutdown } = context
  const { db, ping } = await openDatabase(context, 'notifications', migrations)
  const messaging = await openMessaging(context, 'notifications', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const notifications = createNotificationRepository(db, now)
  const { SMTP_URL: url, MAIL_FROM: from } = config
  const mailer = url === undefined ? keepingMailer : createSmtpMailer({ url, from })
  onShutdown('mailer', () => mailer.close())
  if (url === undefined) logger.info('no SMTP_URL: mails are kept and shown to operators, not sent')

  const askOrders = askQuery(messaging, OrderContactQueryV1)
  const askAuth = askQuery(messaging, UserContactQueryV1)
  const service = createNotifications({
    notifications,
    mailer,
    addressFor: async ({ contact, orderId, customerId }) => {
      const answer = contact === 'order' ? await askOrders({ orderId }) : await askAuth({ userId: customerId })
      return answer.contact?.email
    },
    now,
    newId,
  })
  messaging.relay(notifications.outbox)
  messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: service.onOrders })
  every(context, 'mail sweeper', 1000, service.sweep)
  return { routes: service.routes, isUnavailable }
})
