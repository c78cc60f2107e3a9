import { NotificationFailedV1, NotificationSentV1, NotificationSuppressedV1 } from '@tradewind/contracts/notifications'
import type { Notification, SuppressedBecause } from '../domain/notification.ts'

const facts = ({ id: notificationId, orderId, template, channel }: Notification) => ({
  notificationId,
  orderId,
  template,
  channel,
})

export const sentEvent = (notification: Notification, eventId: string) =>
  NotificationSentV1.create(eventId, facts(notification))

export const failedEvent = (notification: Notification, eventId: string, reason: string) =>
  NotificationFailedV1.create(eventId, { ...facts(notification), reason })

export const suppressedEvent = (notification: Notification, eventId: string, reason: SuppressedBecause) =>
  NotificationSuppressedV1.create(eventId, { ...facts(notification), reason })

/** The event types that tell how a notification ended, for whoever asks again. */
export function outcomeEvents({ status }: Notification): string[] {
  switch (status) {
    case 'sent':
      return [NotificationSentV1.type]
    case 'failed':
    case 'bounced':
      return [NotificationFailedV1.type]
    case 'suppressed':
      return [NotificationSuppressedV1.type]
    case 'queued':
      return []
  }
}
