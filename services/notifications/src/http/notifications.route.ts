import {
  getNotificationRoute,
  listNotificationsRoute,
  type Notification as NotificationBody,
} from '@tradewind/contracts/notifications'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { defineError } from '@tradewind/service-kit/errors'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { NotificationRepository, StoredNotification } from '../store/notification.repository.ts'

const NotificationNotFound = defineError('NOTIFICATIONS_NOT_FOUND', 'not-found', 'There is no such notification.')
const PlaceInList = Type.Tuple([Type.String({ format: 'date-time' }), Type.String()])

function present(notification: StoredNotification): NotificationBody {
  const { id, orderId, template, channel, to, subject, text, status, createdAt, sentAt } = notification
  const times = { createdAt: createdAt.toISOString(), ...(sentAt !== undefined && { sentAt: sentAt.toISOString() }) }
  return { id, orderId, template, channel, to, subject, text, status, ...times }
}

export const getNotification = (notifications: NotificationRepository) =>
  implementRoute(getNotificationRoute, async ({ params: { id } }) => {
    const found = await notifications.find(id)
    if (found === undefined) throw NotificationNotFound({ id })
    return { status: 200, body: present(found) }
  })

export const listNotifications = (notifications: NotificationRepository) =>
  implementRoute(listNotificationsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PlaceInList, query.cursor)
    const found = await notifications.list({ orderId: query.orderId, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ createdAt, id }) => [createdAt.toISOString(), id])
    return { status: 200, body: { items: items.map(present), nextCursor } }
  })
