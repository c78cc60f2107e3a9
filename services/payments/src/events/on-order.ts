import { FulfilmentShippedV1, RefundRequestedV1 } from '@tradewind/contracts/fulfilment'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderReservedV1 } from '@tradewind/contracts/orders'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { RequestPayment } from '../use-cases/request-payment.ts'

// Safe to repeat and to reorder: one payment per order, whose wishes are a set by id, and the provider knows each part by its id.
export const onOrder = (request: RequestPayment): EventHandler[] => [
  on(OrderReservedV1, ({ data: { orderId, total, paymentMethod } }) =>
    request.authorize({ orderId, amount: total, method: paymentMethod }),
  ),
  on(OrderConfirmedV1, async ({ data: { orderId, capture = 'now' } }) => {
    if (capture === 'now') await request.captureAll(orderId)
  }),
  on(FulfilmentShippedV1, async ({ data: { orderId, fulfilmentId, capture } }) => {
    if (capture === undefined) return
    const { amount, isLast, asked } = capture
    await request.capture(orderId, {
      id: fulfilmentId,
      amountMinor: amount.amountMinor,
      isLast,
      ...(asked !== undefined && { askedMinor: asked.amountMinor }),
    })
  }),
  on(RefundRequestedV1, ({ data: { orderId, refundId, amount, reason } }) =>
    request.refund(orderId, { id: refundId, amountMinor: amount.amountMinor, reason }),
  ),
  on(OrderCancelledV1, ({ data: { orderId } }) => request.cancel(orderId)),
  on(OrderExpiredV1, ({ data: { orderId } }) => request.cancel(orderId)),
]
