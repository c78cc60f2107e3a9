import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderReservedV1 } from '@tradewind/contracts/orders'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { RequestPayment } from '../use-cases/request-payment.ts'

// Safe to repeat and to reorder: one payment per order, a wish only ever goes on, and the provider knows each payment by its id.
export const onOrder = (request: RequestPayment): EventHandler[] => [
  on(OrderReservedV1, ({ data: { orderId, total, paymentMethod } }) =>
    request.authorize({ orderId, amount: total, method: paymentMethod }),
  ),
  on(OrderConfirmedV1, ({ data: { orderId } }) => request.capture(orderId)),
  on(OrderCancelledV1, ({ data: { orderId } }) => request.cancel(orderId)),
  on(OrderExpiredV1, ({ data: { orderId } }) => request.cancel(orderId)),
]
