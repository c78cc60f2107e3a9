import { OrderCancelledV1, OrderExpiredV1 } from '@tradewind/contracts/orders'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { ReleaseReservation } from '../use-cases/release-reservation.ts'

// Safe to repeat: a released reservation stays released, and a return carries an id of its own.
export const onOrderStopped = (releaseReservation: ReleaseReservation): EventHandler[] => [
  on(OrderCancelledV1, ({ data: { orderId } }) => releaseReservation({ orderId })),
  on(OrderExpiredV1, ({ data: { orderId } }) => releaseReservation({ orderId })),
]
