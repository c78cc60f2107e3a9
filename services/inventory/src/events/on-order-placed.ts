import { OrderPlacedV1 } from '@tradewind/contracts/orders'
import { on } from '@tradewind/messaging/consumer'
import type { ReserveStock } from '../use-cases/reserve-stock.ts'

// Safe to repeat: the reservation has the order's id and records its plan before anything is held.
export const onOrderPlaced = (reserveStock: ReserveStock) =>
  on(OrderPlacedV1, ({ data: { orderId, lines } }) => reserveStock({ orderId, lines }))
