import type { DomainEvent } from '@tradewind/contracts/event'
import {
  FulfilmentShippedV1,
  OrderCompletedV1,
  RefundRequestedV1,
  UnitsReturnedV1,
} from '@tradewind/contracts/fulfilment'
import {
  OrderAuthorizedV1,
  OrderCancelledV1,
  OrderConfirmedV1,
  OrderExpiredV1,
  OrderPlacedV1,
  OrderRejectedV1,
  OrderReservedV1,
} from '@tradewind/contracts/orders'
import { type Announceable, changed, type Decision, unchanged } from '@tradewind/database/decision'
import type { Order, OrderStatus } from '../domain/order.ts'
import { isStatusAwaiting, type SagaTimes, type Step, scheduled } from '../domain/order-saga.ts'
import type { Announcement } from '../domain/saga-table.ts'
import { openWishes, type Wish } from '../domain/wishes.ts'
import { saidEvent } from './said-events.ts'
import { traced } from './traced.ts'

/** What the outcome of a step needs to be written down. */
export interface StepPorts {
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly times: SagaTimes
}

/** The type of the event that asks for what an order in a status waits for. */
const announcementTypes: Readonly<Record<OrderStatus, string>> = {
  pending: OrderPlacedV1.type,
  reserved: OrderReservedV1.type,
  authorized: OrderAuthorizedV1.type,
  confirmed: OrderConfirmedV1.type,
  partially_fulfilled: OrderConfirmedV1.type,
  fulfilled: OrderConfirmedV1.type,
  completed: OrderConfirmedV1.type,
  rejected: OrderRejectedV1.type,
  cancelled: OrderCancelledV1.type,
  expired: OrderExpiredV1.type,
}

/** The event that asks for a wish, among all those of its type. */
function askingFor({ kind, id }: Wish): Announceable {
  switch (kind) {
    case 'capture':
      return { type: FulfilmentShippedV1.type, having: { fulfilmentId: id } }
    case 'refund':
      return { type: RefundRequestedV1.type, having: { refundId: id } }
    case 'restock':
      return { type: UnitsReturnedV1.type, having: { restockId: id } }
  }
}

/** What is sent once more for an order that waits: the event of its status, and each wish that was not answered. */
export const askingEvents = (order: Order): (string | Announceable)[] => [
  ...(isStatusAwaiting(order) ? [announcementTypes[order.status]] : []),
  ...openWishes(order).map(askingFor),
]

/** A step as one write: the order with its next reminder, and the events that announce it. */
export function decided(
  before: Order,
  { order, announcement, said = [] }: Step,
  { now, newId, times }: StepPorts,
  traceId?: string,
): Decision<Order> {
  if (order === before) return unchanged()
  const next = traced(before, scheduled(order, now(), times), traceId)
  const announced = announcement === undefined ? [] : eventsFor(next, announcement, newId('evt'))
  return changed(next, ...announced, ...said.flatMap((one) => saidEvent(next, one, newId)))
}

export const placedEvent = ({ id, customerId, lines, total }: Order, eventId: string): DomainEvent =>
  OrderPlacedV1.create(eventId, {
    orderId: id,
    customerId,
    lines: lines.map(({ sku, quantity }) => ({ sku, quantity })),
    total,
  })

function eventsFor(order: Order, announcement: Announcement, eventId: string): DomainEvent[] {
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
  const { partOf, capture } = order
  const summary = { orderId, customerId, number, lines, total, contact, ...(partOf !== undefined && { partOf }) }
  switch (announcement) {
    case 'reserved':
      return [OrderReservedV1.create(eventId, { orderId, customerId, total, paymentMethod })]
    case 'authorized':
      return [OrderAuthorizedV1.create(eventId, { orderId, paymentId })]
    case 'confirmed':
      return [OrderConfirmedV1.create(eventId, { ...summary, paymentId, ...(capture !== undefined && { capture }) })]
    // The fulfilment that led there was announced.
    case 'partially_fulfilled':
    case 'fulfilled':
      return []
    case 'completed':
      return [OrderCompletedV1.create(eventId, { orderId, customerId, number })]
    case 'rejected':
      return [OrderRejectedV1.create(eventId, { ...summary, reason })]
    case 'cancelled':
      return [OrderCancelledV1.create(eventId, { ...summary, reason })]
    case 'expired':
      return [OrderExpiredV1.create(eventId, { ...summary, reason })]
  }
}
