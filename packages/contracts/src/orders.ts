import { Type } from 'typebox'
import {
  Binary,
  conditionalHeaders,
  Email,
  idempotencyHeaders,
  Money,
  NotModified,
  OrderId,
  OrderLineId,
  Page,
  PaymentId,
  pageQuery,
  Sku,
  Strict,
  Timestamp,
  UserId,
} from './common.ts'
import { defineEvent } from './event.ts'
import { Fulfilment, OrderEdit, Refund, Return } from './fulfilment.ts'
import { defineQuery } from './query.ts'
import { defineRoute } from './route.ts'

export const OrderStatus = Type.Enum([
  'pending',
  'reserved',
  'authorized',
  'confirmed',
  'partially_fulfilled',
  'fulfilled',
  'completed',
  'rejected',
  'cancelled',
  'expired',
])
export type OrderStatus = Type.Static<typeof OrderStatus>

export const PaymentStatus = Type.Enum([
  'none',
  'authorized',
  'partially_captured',
  'captured',
  'declined',
  'voided',
  'partially_refunded',
  'refunded',
])
export type PaymentStatus = Type.Static<typeof PaymentStatus>

export const FulfilmentStatus = Type.Enum([
  'unfulfilled',
  'partially_fulfilled',
  'fulfilled',
  'partially_returned',
  'returned',
])
export type FulfilmentStatus = Type.Static<typeof FulfilmentStatus>

/** Why an order stopped, and for cancellations who stopped it. */
export const StopReason = Type.Enum([
  'out_of_stock',
  'payment_declined',
  'requested_by_customer',
  'requested_by_operator',
  'reservation_expired',
  'payment_timeout',
  'reservation_timeout',
])
export type StopReason = Type.Static<typeof StopReason>

/** A token of the payment provider, never a card number. */
export const PaymentMethod = Type.String({ pattern: '^pm_[A-Za-z0-9_]{1,64}$', maxLength: 68 })

const AddressText = Type.String({ minLength: 1, maxLength: 200 })
export const Address = Strict({
  name: AddressText,
  line1: AddressText,
  line2: Type.Optional(AddressText),
  postalCode: Type.String({ minLength: 1, maxLength: 20 }),
  city: AddressText,
  region: Type.Optional(AddressText),
  country: Type.String({ pattern: '^[A-Z]{2}$', description: 'ISO 3166-1 alpha-2' }),
})
export type Address = Type.Static<typeof Address>

export const Quantity = Type.Integer({ minimum: 1, maximum: 10_000 })
export const maxOrderLines = 100

export const OrderLine = Type.Object({
  id: OrderLineId,
  sku: Sku,
  title: Type.String(),
  quantity: Quantity,
  unitPrice: Money,
  total: Money,
  discount: Type.Optional(Money),
  tax: Type.Optional(Money),
})

/**
 * `subtotal` is the sum of the lines, `total` what is to be paid: the subtotal less the discount, with the shipping, and with
 * the tax where prices do not include it.
 */
export const Order = Type.Object({
  id: OrderId,
  number: Type.String(),
  customerId: UserId,
  status: OrderStatus,
  paymentStatus: PaymentStatus,
  fulfilmentStatus: FulfilmentStatus,
  lines: Type.Array(OrderLine),
  subtotal: Money,
  discount: Money,
  tax: Money,
  shipping: Money,
  total: Money,
  discountCode: Type.Optional(Type.String()),
  email: Type.Optional(Type.String()),
  shippingAddress: Type.Optional(Address),
  note: Type.Optional(Type.String()),
  reason: Type.Optional(StopReason),
  capture: Type.Optional(Type.Enum(['now', 'on_ship'])),
  partOf: Type.Optional(OrderId),
  fulfilments: Type.Optional(Type.Array(Fulfilment)),
  returns: Type.Optional(Type.Array(Return)),
  refunds: Type.Optional(Type.Array(Refund)),
  edits: Type.Optional(Type.Array(OrderEdit)),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  version: Type.Integer(),
})
export type Order = Type.Static<typeof Order>

export const orderParams = Strict({ id: OrderId })

export const placeOrderRoute = defineRoute('orders', 'POST', '/v1/orders', 'user', {
  summary: 'Places an order',
  description:
    'Answers 201 with the order as accepted; from then on it reaches an end whatever fails. `Prefer: wait=5` holds the answer until the order settles or the seconds are up. The same Idempotency-Key gives the same order; with another body it is refused (422).',
  headers: Type.Object({
    ...idempotencyHeaders.properties,
    prefer: Type.Optional(Type.String({ maxLength: 200 })),
  }),
  body: Strict({
    lines: Type.Array(Strict({ sku: Sku, quantity: Quantity }), { minItems: 1, maxItems: maxOrderLines }),
    paymentMethod: PaymentMethod,
    email: Type.Optional(Email),
    shippingAddress: Type.Optional(Address),
    discountCode: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', maxLength: 64 })),
    note: Type.Optional(Type.String({ minLength: 1, maxLength: 1000 })),
  }),
  response: { 201: Order },
})

export const getOrderRoute = defineRoute('orders', 'GET', '/v1/orders/:id', 'user', {
  summary: 'One order; somebody else’s is reported as missing',
  params: orderParams,
  headers: conditionalHeaders,
  response: { 200: Order, 304: NotModified },
})

export const listOrdersRoute = defineRoute('orders', 'GET', '/v1/orders', 'user', {
  summary: 'Own orders, newest first; operators see everybody’s',
  querystring: Strict({ ...pageQuery, status: Type.Optional(OrderStatus) }),
  headers: conditionalHeaders,
  response: { 200: Page(Order), 304: NotModified },
})

export const cancelOrderRoute = defineRoute('orders', 'POST', '/v1/orders/:id/cancel', 'user', {
  summary: 'Cancels an order: stock goes back, the authorisation is voided or the capture refunded',
  description:
    'Once a part has shipped, it cancels the rest. With `lines` it cancels what no fulfilment has of these lines alone. Asked again, it answers the same.',
  params: orderParams,
  body: Strict({
    reason: Type.Optional(Type.String({ minLength: 1, maxLength: 500 })),
    lines: Type.Optional(Type.Array(Strict({ lineId: OrderLineId }), { minItems: 1, maxItems: maxOrderLines })),
  }),
  response: { 200: Order },
})

export const TimelineEntry = Type.Object({
  at: Timestamp,
  type: Type.String({ description: 'what happened, an event type without its version' }),
  service: Type.String({ description: 'who did it' }),
  data: Type.Record(Type.String(), Type.Unknown()),
  traceId: Type.Optional(Type.String({ description: 'of the request or event that it came with' })),
})

export const getTimelineRoute = defineRoute('orders', 'GET', '/v1/orders/:id/timeline', 'user', {
  summary: 'What happened to an order, in order',
  params: orderParams,
  response: { 200: Type.Object({ items: Type.Array(TimelineEntry) }) },
})

export const streamOrderRoute = defineRoute('orders', 'GET', '/v1/orders/:id/stream', 'user', {
  summary: 'What happens to an order, as it happens (server-sent events)',
  description:
    'One event per timeline entry, from the first or behind `Last-Event-ID`. The stream ends when nothing is awaited any more; asked again behind the last entry, it answers 204, at which an EventSource stops.',
  params: orderParams,
  headers: Type.Object({ 'last-event-id': Type.Optional(Type.String({ pattern: '^(0|[1-9][0-9]{0,5})$' })) }),
  response: { 200: Binary, 204: Type.Null() },
})

export const Saga = Type.Object({
  orderId: OrderId,
  status: OrderStatus,
  stockStatus: Type.Enum(['none', 'held', 'committed', 'released']),
  paymentStatus: PaymentStatus,
  toldOf: Type.Array(OrderStatus),
  isAwaiting: Type.Boolean({ description: 'somebody still owes the order an answer' }),
  wishes: Type.Array(
    Type.Object({ kind: Type.Enum(['capture', 'refund', 'restock', 'supplement']), id: Type.String() }),
    { description: 'what was asked for and not answered' },
  ),
  since: Timestamp,
  reminders: Type.Integer({ description: 'how often an answer was asked for again in this status' }),
  nextReminderAt: Type.Union([Timestamp, Type.Null()]),
})
export type Saga = Type.Static<typeof Saga>

const sagaParams = Strict({ orderId: OrderId })

export const listSagasRoute = defineRoute('orders', 'GET', '/v1/ops/sagas', 'orders:repair', {
  summary: 'Orders that have waited for an answer for longer than so many seconds, the longest first',
  querystring: Strict({
    olderThanSeconds: Type.Optional(Type.String({ pattern: '^(0|[1-9][0-9]{0,7})$', description: 'default 60' })),
    limit: pageQuery.limit,
  }),
  response: { 200: Type.Object({ items: Type.Array(Saga) }) },
})

export const getSagaRoute = defineRoute('orders', 'GET', '/v1/ops/sagas/:orderId', 'orders:repair', {
  summary: 'Where the saga of an order stands and what it waits for',
  params: sagaParams,
  response: { 200: Saga },
})

export const repairSagaRoute = defineRoute('orders', 'POST', '/v1/ops/sagas/:orderId', 'orders:repair', {
  summary: 'Asks again now for what an order waits for, or gives the order up and undoes it',
  params: sagaParams,
  audited: ['action'],
  body: Strict({ action: Type.Enum(['retry', 'compensate']) }),
  response: { 200: Saga },
})

export const ordersRoutes = [
  placeOrderRoute,
  getOrderRoute,
  listOrdersRoute,
  cancelOrderRoute,
  getTimelineRoute,
  streamOrderRoute,
  listSagasRoute,
  getSagaRoute,
  repairSagaRoute,
]

const EventLine = Type.Object({ sku: Sku, quantity: Quantity })

/** An order was accepted. Inventory holds its stock. */
export const OrderPlacedV1 = defineEvent(
  'orders.order.placed.v1',
  Type.Object({ orderId: OrderId, customerId: UserId, lines: Type.Array(EventLine), total: Money }),
)
/** The stock is held. Payments authorises the total. */
export const OrderReservedV1 = defineEvent(
  'orders.order.reserved.v1',
  Type.Object({ orderId: OrderId, customerId: UserId, total: Money, paymentMethod: PaymentMethod }),
)
/** The payment is authorised. Inventory commits the hold; from there the order only goes forward or is refunded. */
export const OrderAuthorizedV1 = defineEvent(
  'orders.order.authorized.v1',
  Type.Object({ orderId: OrderId, paymentId: PaymentId }),
)

const OrderSummary = {
  orderId: OrderId,
  customerId: UserId,
  number: Type.String(),
  lines: Type.Array(Type.Object({ sku: Sku, title: Type.String(), quantity: Quantity, total: Money })),
  total: Money,
  /** Who knows the address for mails about this order. */
  contact: Type.Enum(['order', 'account']),
  /** The order that this one is a supplement of. Nobody is told of supplements. */
  partOf: Type.Optional(OrderId),
}

/** Stock is committed and payment authorised. Payments captures; notifications writes the confirmation. */
export const OrderConfirmedV1 = defineEvent(
  'orders.order.confirmed.v1',
  Type.Object({
    ...OrderSummary,
    paymentId: PaymentId,
    /** When money is taken: now, which is meant where the field is missing, or with each shipment. */
    capture: Type.Optional(Type.Enum(['now', 'on_ship'])),
  }),
)
/** Not everything was in stock, so nothing was taken. */
export const OrderRejectedV1 = defineEvent(
  'orders.order.rejected.v1',
  Type.Object({ ...OrderSummary, reason: StopReason }),
)
/** Published once per order, when it stops before or after confirmation. Inventory gives the stock back; payments voids or refunds. */
export const OrderCancelledV1 = defineEvent(
  'orders.order.cancelled.v1',
  Type.Object({ ...OrderSummary, reason: StopReason }),
)
/** A deadline of the saga passed. Inventory and payments undo, as for a cancelled order. */
export const OrderExpiredV1 = defineEvent(
  'orders.order.expired.v1',
  Type.Object({ ...OrderSummary, reason: StopReason }),
)

/** The address given with an order. Asked when a mail goes out, so that no event carries it. */
export const OrderContactQueryV1 = defineQuery(
  'query.orders.order-contact.v1',
  Strict({ orderId: OrderId }),
  Strict({ contact: Type.Union([Strict({ email: Type.String() }), Type.Null()]) }),
)
