import { NotificationSentV1, type NotificationTemplate } from '@tradewind/contracts/notifications'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderRejectedV1 } from '@tradewind/contracts/orders'
import type { Stored } from '@tradewind/database/aggregate-store'
import { announcedAgain, changed } from '@tradewind/database/decision'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { createProcess } from './process.ts'

export interface Mail {
  readonly id: string
  readonly orderId: string
  readonly template: NotificationTemplate
}

/** Stands for notifications: one mail per order and ending, said again when it is asked for again. */
export function tellCustomers(
  { aggregates }: ReturnType<typeof createProcess>,
  memory: Map<string, Mail & Stored>,
  newId: (prefix: string) => string,
): EventHandler[] {
  const mails = aggregates(memory)
  const tell = async (orderId: string, template: NotificationTemplate, partOf: string | undefined) => {
    if (partOf !== undefined) return
    const id = `${orderId} ${template}`
    await mails.upsert(id, (before) => {
      if (before !== undefined) return announcedAgain(NotificationSentV1.type)
      const sent = { notificationId: newId('ntf'), orderId, template, channel: 'email' as const }
      return changed({ id, orderId, template }, NotificationSentV1.create(newId('evt'), sent))
    })
  }
  return [
    on(OrderConfirmedV1, ({ data }) => tell(data.orderId, 'order-confirmed', data.partOf)),
    on(OrderRejectedV1, ({ data }) => tell(data.orderId, 'order-rejected', data.partOf)),
    on(OrderCancelledV1, ({ data }) => tell(data.orderId, 'order-cancelled', data.partOf)),
    on(OrderExpiredV1, ({ data }) => tell(data.orderId, 'order-expired', data.partOf)),
  ]
}
