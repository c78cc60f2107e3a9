import { NotificationFailedV1, NotificationSentV1, type NotificationTemplate } from '@tradewind/contracts/notifications'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { OrderStatus } from '../domain/order.ts'
import type { RecordFact } from '../use-cases/record-fact.ts'
import { timelineEntry } from './timeline-entry.ts'

/** The mails that an order waits for. Of the others, about parcels and returns, it takes no note. */
const endings: Readonly<Partial<Record<NotificationTemplate, OrderStatus>>> = {
  'order-confirmed': 'confirmed',
  'order-rejected': 'rejected',
  'order-cancelled': 'cancelled',
  'order-expired': 'expired',
}

// Safe to repeat: each ending is told of once. A mail that failed for good is not waited for either.
export const onNotification = (record: RecordFact): EventHandler[] =>
  [NotificationSentV1, NotificationFailedV1].map((contract) =>
    on(contract, async (event) => {
      const { orderId, template } = event.data
      const of = endings[template]
      if (of !== undefined) await record(orderId, { type: 'customer-told', of }, timelineEntry(event))
    }),
  )
