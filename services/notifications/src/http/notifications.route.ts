import {
  getNotificationRoute,
  listNotificationsRoute,
  type Notification as NotificationBody,
  resendNotificationRoute,
} from '@tradewind/contracts/notifications'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { NotificationRepository, StoredNotification } from '../store/notification.repository.ts'
import type { FindNotification } from '../use-cases/find-notification.ts'
import type { ResendNotification } from '../use-cases/resend-notification.ts'

const PlaceInList = Type.Tuple([Type.String({ format: 'date-time' }), Type.String()])

function present(notification: StoredNotification): NotificationBody {
  const { id, orderId, template, channel, to, subject, text, status, createdAt } = notification
  const { templateVersion, locale, html, failure, bounce, resendOf, sentAt } = notification
  return {
    id,
    ...(orderId !== undefined && { orderId }),
    template,
    ...(templateVersion !== undefined && { templateVersion }),
    ...(locale !== undefined && { locale }),
    channel,
    to,
    subject,
    text,
    ...(html !== undefined && { html }),
    status,
    ...(failure !== undefined && { failure }),
    ...(bounce !== undefined && { bounce: { code: bounce.code, at: bounce.at.toISOString() } }),
    ...(resendOf !== undefined && { resendOf }),
    createdAt: createdAt.toISOString(),
    ...(sentAt !== undefined && { sentAt: sentAt.toISOString() }),
  }
}

export const getNotification = (find: FindNotification) =>
  implementRoute(getNotificationRoute, async ({ params }) => ({ status: 200, body: present(await find(params.id)) }))

export const listNotifications = (notifications: NotificationRepository) =>
  implementRoute(listNotificationsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PlaceInList, query.cursor)
    const found = await notifications.list({ orderId: query.orderId, status: query.status, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ createdAt, id }) => [createdAt.toISOString(), id])
    return { status: 200, body: { items: items.map(present), nextCursor } }
  })

export const resendNotification = (resend: ResendNotification) =>
  implementRoute(resendNotificationRoute, async ({ params, headers, caller }) => {
    const { notification, replayed } = await resend({
      id: params.id,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    const location = `/v1/notifications/${notification.id}`
    return { status: 201, body: present(notification), headers: { location, ...replayedHeaders(replayed).headers } }
  })
