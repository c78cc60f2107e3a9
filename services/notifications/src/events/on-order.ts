import { OrderEditedV1 } from '@tradewind/contracts/fulfilment'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderRejectedV1 } from '@tradewind/contracts/orders'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { NotifyCustomer, Occasion } from '../use-cases/notify-customer.ts'

interface OrderEvent {
  readonly orderId: string
  readonly customerId: string
  readonly contact: 'order' | 'account'
  readonly number: string
  readonly lines: readonly {
    readonly sku: string
    readonly title: string
    readonly quantity: number
    readonly total: { readonly amountMinor: number; readonly currency: string }
  }[]
  readonly total: { readonly amountMinor: number; readonly currency: string }
  readonly reason?: string
}

const occasionOf = ({ orderId, customerId, contact, ...order }: OrderEvent): Occasion => {
  const { number, lines, total, reason } = order
  return {
    orderId,
    customerId,
    contact,
    facts: {
      number,
      lines: lines.map((line) => ({ sku: line.sku, title: line.title, quantity: line.quantity, total: line.total })),
      total,
      ...(reason !== undefined && { reason }),
    },
  }
}

/** Of a supplement nobody is told: its customer hears of the order that it belongs to. */
const isToldOf = ({ partOf }: { partOf?: string }) => partOf === undefined

// Safe to repeat: a mail's id follows from the order and the kind of mail, and of an edit from its event; what was sent is
// not sent again.
export const onOrder = (notify: NotifyCustomer): EventHandler[] => [
  on(OrderConfirmedV1, async ({ data }) => isToldOf(data) && notify('order-confirmed', occasionOf(data))),
  on(OrderRejectedV1, async ({ data }) => isToldOf(data) && notify('order-rejected', occasionOf(data))),
  on(OrderCancelledV1, async ({ data }) => isToldOf(data) && notify('order-cancelled', occasionOf(data))),
  on(OrderExpiredV1, async ({ data }) => isToldOf(data) && notify('order-expired', occasionOf(data))),
  on(OrderEditedV1, ({ id, data }) => notify('order-edited', { ...occasionOf(data), about: id })),
]
