import { OrderAuthorizedV1 } from '@tradewind/contracts/orders'
import { on } from '@tradewind/messaging/consumer'
import type { CommitReservation } from '../use-cases/commit-reservation.ts'

// Safe to repeat: only a held reservation is committed, and only an existing hold leaves the stock.
export const onOrderAuthorized = (commitReservation: CommitReservation) =>
  on(OrderAuthorizedV1, ({ data: { orderId } }) => commitReservation({ orderId }))
