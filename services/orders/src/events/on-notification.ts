import { NotificationFailedV1, NotificationSentV1, type NotificationTemplate } from '@tradewind/contracts/notifications'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { OrderStatus } from '../domain/order.ts'
import type { Fact } from '../domain/order-saga.ts'
import type { RecordFact } from '../use-cases/record-fact.ts'
import { timelineEntry } from './timeline-entry.ts'

/** Mails that an order waits for. */
const endings: ReadonlyMap<NotificationTemplate, OrderStatus> = new Map([
  ['order-confirmed', 'confirmed'],
  ['order-rejected', 'rejected'],
  ['order-cancelled', 'cancelled'],
  ['order-expired', 'expired'],
])

function factOf(template: NotificationTemplate, notificationId: string): Fact {
  const ending = endings.get(template)
  return ending === undefined ? { type: 'mail-reported', notificationId } : { type: 'customer-told', of: ending }
}

// Safe to repeat: each ending is told of once, and each other mail noted once. A mail that failed for good is not waited for either.
export const onNotification = (record: RecordFact): EventHandler[] =>
  [NotificationSentV1, NotificationFailedV1].map((contract) =>
    on(contract, (event) => {
      const { orderId, template, notificationId } = event.data
      return record(orderId, factOf(template, notificationId), timelineEntry(event))
    }),
  )
