import type { DomainEvent } from '@tradewind/contracts/event'
import {
  OrderAuthorizedV1,
  OrderCancelledV1,
  OrderConfirmedV1,
  OrderExpiredV1,
  OrderPlacedV1,
  OrderRejectedV1,
  OrderReservedV1,
} from '@tradewind/contracts/orders'
import { changed, type Decision, unchanged } from '@tradewind/database/decision'
import type { Order, OrderStatus } from '../domain/order.ts'
import { type SagaTimes, type Step, scheduled } from '../domain/order-saga.ts'
import type { Announcement } from '../domain/saga-table.ts'

/** What the outcome of a step needs to be written down. */
export interface StepPorts {
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly times: SagaTimes
}

/** The type of the event that went out when an order came into a status. */
export const announcementTypes: Readonly<Record<OrderStatus, string>> = {
  pending: OrderPlacedV1.type,
  reserved: OrderReservedV1.type,
  authorized: OrderAuthorizedV1.type,
  confirmed: OrderConfirmedV1.type,
  rejected: OrderRejectedV1.type,
  cancelled: OrderCancelledV1.type,
  expired: OrderExpiredV1.type,
}

/** A step as one write: the order with its next reminder, and the event that announces it. */
export function decided(
  before: Order,
  { order, announcement }: Step,
  { now, newId, times }: StepPorts,
): Decision<Order> {
  if (order === before) return unchanged()
  const next = scheduled(order, now(), times)
  return announcement === undefined ? changed(next) : changed(next, eventFor(next, announcement, newId('evt')))
}

export const placedEvent = ({ id, customerId, lines, total }: Order, eventId: string): DomainEvent =>
  OrderPlacedV1.create(eventId, {
    orderId: id,
    customerId,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    total,
  })

function eventFor(order: Order, announcement: Announcement, eventId: string): DomainEvent {
  const {
    id: orderId,
    customerId,
    number,
    total,
    paymentMethod,
    paymentId = '',
    reason = 'requested_by_operator',
  } = order
  const lines = order.lines.map(({ sku, title, quantity, total: lineTotal }) => ({
    sku,
    title,
    quantity,
    total: lineTotal,
  }))
  const contact: 'order' | 'account' = order.email === undefined ? 'account' : 'order'
  const summary = { orderId, customerId, number, lines, total, contact }
  switch (announcement) {
    case 'reserved':
      return OrderReservedV1.create(eventId, { orderId, customerId, total, paymentMethod })
    case 'authorized':
      return OrderAuthorizedV1.create(eventId, { orderId, paymentId })
    case 'confirmed':
      return OrderConfirmedV1.create(eventId, { ...summary, paymentId })
    case 'rejected':
      return OrderRejectedV1.create(eventId, { ...summary, reason })
    case 'cancelled':
      return OrderCancelledV1.create(eventId, { ...summary, reason })
    case 'expired':
      return OrderExpiredV1.create(eventId, { ...summary, reason })
  }
}
