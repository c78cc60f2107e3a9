import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderRejectedV1 } from '@tradewind/contracts/orders'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { NotifyCustomer } from '../use-cases/notify-customer.ts'

// Safe to repeat: a mail's id follows from the order and the kind of mail, and what was sent is not sent again.
export const onOrder = (notify: NotifyCustomer): EventHandler[] => [
  on(OrderConfirmedV1, ({ data }) => notify('order-confirmed', data)),
  on(OrderRejectedV1, ({ data }) => notify('order-rejected', data)),
  on(OrderCancelledV1, ({ data }) => notify('order-cancelled', data)),
  on(OrderExpiredV1, ({ data }) => notify('order-expired', data)),
]
