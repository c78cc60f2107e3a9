import type { DomainEvent } from '@tradewind/contracts/event'
import { NotificationFailedV1, NotificationSentV1, NotificationSuppressedV1 } from '@tradewind/contracts/notifications'
import type { Notification, SuppressedBecause } from '../domain/notification.ts'

/** Nobody waits for a mail about an account, so nothing is said of it. */
function facts({ id: notificationId, orderId, template, channel }: Notification) {
  return orderId === undefined ? undefined : { notificationId, orderId, template, channel }
}

export function sentEvent(notification: Notification, eventId: string): DomainEvent[] {
  const data = facts(notification)
  return data === undefined ? [] : [NotificationSentV1.create(eventId, data)]
}

export function failedEvent(notification: Notification, eventId: string, reason: string): DomainEvent[] {
  const data = facts(notification)
  return data === undefined ? [] : [NotificationFailedV1.create(eventId, { ...data, reason })]
}

export function suppressedEvent(notification: Notification, eventId: string, reason: SuppressedBecause): DomainEvent[] {
  const data = facts(notification)
  return data === undefined ? [] : [NotificationSuppressedV1.create(eventId, { ...data, reason })]
}

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
