import { Type } from 'typebox'
import { Id, NotificationId, OrderId, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

export const NotificationTemplate = Type.Enum(['order-confirmed', 'order-rejected', 'order-cancelled', 'order-expired'])
export type NotificationTemplate = Type.Static<typeof NotificationTemplate>

export const NotificationState = Type.Enum(['queued', 'sent', 'failed'])
export type NotificationState = Type.Static<typeof NotificationState>

export const Notification = Type.Object({
  id: NotificationId,
  orderId: OrderId,
  template: NotificationTemplate,
  channel: Type.Enum(['email']),
  to: Type.String(),
  subject: Type.String(),
  text: Type.String(),
  status: NotificationState,
  createdAt: Timestamp,
  sentAt: Type.Optional(Timestamp),
})
export type Notification = Type.Static<typeof Notification>

export const listNotificationsRoute = defineRoute('notifications', 'GET', '/v1/notifications', 'operator', {
  summary: 'Mails, newest first, of one order when asked',
  querystring: Strict({ ...pageQuery, orderId: Type.Optional(Id('ord')) }),
  response: { 200: Page(Notification) },
})

export const getNotificationRoute = defineRoute('notifications', 'GET', '/v1/notifications/:id', 'operator', {
  summary: 'One mail as it was written',
  params: Strict({ id: NotificationId }),
  response: { 200: Notification },
})

export const notificationsRoutes = [listNotificationsRoute, getNotificationRoute]

const ofNotification = {
  notificationId: NotificationId,
  orderId: OrderId,
  template: NotificationTemplate,
  channel: Type.Enum(['email']),
}

/** A mail was handed over: to the mail server where one is configured, else to the kept outbox. */
export const NotificationSentV1 = defineEvent('notifications.notification.sent.v1', Type.Object(ofNotification))
/** A mail could not be delivered and will not be tried again. */
export const NotificationFailedV1 = defineEvent(
  'notifications.notification.failed.v1',
  Type.Object({ ...ofNotification, reason: Type.String() }),
)
