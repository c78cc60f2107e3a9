import { Type } from 'typebox'
import {
  EditId,
  FulfilmentId,
  Line,
  LocationId,
  Money,
  OrderId,
  OrderLineId,
  RefundId,
  RestockId,
  ReturnId,
  Sku,
  Strict,
  Timestamp,
  UserId,
} from './common.ts'
import { defineEvent } from './event.ts'

/** Who carries a parcel, and what it can be followed by. */
export const Tracking = Strict({
  carrier: Line(100),
  code: Line(100),
  url: Type.Optional(Type.String({ maxLength: 500, pattern: '^https://[^\\s<>"]+$' })),
})

const UnitsOfLine = { lineId: OrderLineId, sku: Sku, quantity: Type.Integer() }

export const Fulfilment = Type.Object({
  id: FulfilmentId,
  status: Type.Enum(['packing', 'shipped', 'delivered', 'cancelled']),
  lines: Type.Array(Type.Object(UnitsOfLine)),
  tracking: Type.Optional(Tracking),
  capture: Type.Optional(Money),
  captureFailure: Type.Optional(Type.String({ description: 'why nothing was taken for it' })),
  createdAt: Timestamp,
  shippedAt: Type.Optional(Timestamp),
  deliveredAt: Type.Optional(Timestamp),
  cancelledAt: Type.Optional(Timestamp),
})
export type Fulfilment = Type.Static<typeof Fulfilment>

export const Refund = Type.Object({
  id: RefundId,
  amount: Money,
  status: Type.Enum(['requested', 'succeeded', 'failed']),
  cause: Type.Enum(['edited', 'cancelled', 'returned', 'goodwill', 'elsewhere']),
  returnId: Type.Optional(ReturnId),
  failure: Type.Optional(Type.String({ description: 'why the provider refused' })),
  requestedAt: Timestamp,
  answeredAt: Type.Optional(Timestamp),
})
export type Refund = Type.Static<typeof Refund>

export const Return = Type.Object({
  id: ReturnId,
  status: Type.Enum(['requested', 'approved', 'rejected', 'received', 'refunding', 'refunded']),
  lines: Type.Array(
    Type.Object({
      ...UnitsOfLine,
      restocked: Type.Optional(Type.Integer()),
      writtenOff: Type.Optional(Type.Integer()),
    }),
  ),
  reason: Type.String(),
  rejection: Type.Optional(Type.String()),
  requestedAt: Timestamp,
  approvedAt: Type.Optional(Timestamp),
  rejectedAt: Type.Optional(Timestamp),
  receivedAt: Type.Optional(Timestamp),
  refundedAt: Type.Optional(Timestamp),
})
export type Return = Type.Static<typeof Return>

export const OrderEdit = Type.Object({
  id: EditId,
  status: Type.Enum(['open', 'done', 'failed']),
  lines: Type.Array(Type.Object({ sku: Sku, quantity: Type.Integer() })),
  total: Money,
  toPay: Money,
  failure: Type.Optional(Type.String({ description: 'why what it adds could not be sold' })),
  requestedAt: Timestamp,
  endedAt: Type.Optional(Timestamp),
})
export type OrderEdit = Type.Static<typeof OrderEdit>

const Units = Type.Array(Type.Object({ lineId: OrderLineId, sku: Sku, quantity: Type.Integer({ minimum: 1 }) }))
const ofOrder = { orderId: OrderId, customerId: UserId, number: Type.String() }

/** A part of an order is being packed. */
export const FulfilmentCreatedV1 = defineEvent(
  'orders.fulfilment.created.v1',
  Type.Object({ ...ofOrder, fulfilmentId: FulfilmentId, lines: Units }),
)
/** A part of an order left the house. Payments captures `capture`, where it is given; notifications says so. */
export const FulfilmentShippedV1 = defineEvent(
  'orders.fulfilment.shipped.v1',
  Type.Object({
    ...ofOrder,
    fulfilmentId: FulfilmentId,
    lines: Units,
    tracking: Type.Optional(
      Type.Object({ carrier: Type.String(), code: Type.String(), url: Type.Optional(Type.String()) }),
    ),
    /**
     * What to take for it. With `isLast` nothing else will be captured, and the rest of the authorisation may go once `asked`
     * has arrived: what all parts come to, this one included.
     */
    capture: Type.Optional(Type.Object({ amount: Money, isLast: Type.Boolean(), asked: Type.Optional(Money) })),
  }),
)
/** A part of an order arrived. */
export const FulfilmentDeliveredV1 = defineEvent(
  'orders.fulfilment.delivered.v1',
  Type.Object({ ...ofOrder, fulfilmentId: FulfilmentId }),
)
/** A part of an order is not packed after all; its units are to be fulfilled otherwise. */
export const FulfilmentCancelledV1 = defineEvent(
  'orders.fulfilment.cancelled.v1',
  Type.Object({ ...ofOrder, fulfilmentId: FulfilmentId }),
)

/** The customer wants to send something back. */
export const ReturnRequestedV1 = defineEvent(
  'orders.return.requested.v1',
  Type.Object({ ...ofOrder, returnId: ReturnId, lines: Units }),
)
/** The customer may send it. */
export const ReturnApprovedV1 = defineEvent(
  'orders.return.approved.v1',
  Type.Object({ ...ofOrder, returnId: ReturnId }),
)
/** The customer may not send it. */
export const ReturnRejectedV1 = defineEvent(
  'orders.return.rejected.v1',
  Type.Object({ ...ofOrder, returnId: ReturnId, reason: Type.String() }),
)
/** It is here. What can be sold again is said with `orders.units.returned.v1`. */
export const ReturnReceivedV1 = defineEvent(
  'orders.return.received.v1',
  Type.Object({ ...ofOrder, returnId: ReturnId }),
)
/** The money for it went back. */
export const ReturnRefundedV1 = defineEvent(
  'orders.return.refunded.v1',
  Type.Object({ ...ofOrder, returnId: ReturnId, refundId: RefundId, amount: Money }),
)

/** Sold units of an order go back on the shelf. Inventory takes back each `restockId` once, never more than was sold. */
export const UnitsReturnedV1 = defineEvent(
  'orders.units.returned.v1',
  Type.Object({
    orderId: OrderId,
    restockId: RestockId,
    /** Where the units are; where they were taken from, when it is missing. */
    locationId: Type.Optional(LocationId),
    lines: Type.Array(Type.Object({ sku: Sku, quantity: Type.Integer({ minimum: 1 }) })),
    reason: Type.Enum(['cancelled', 'edited', 'returned']),
  }),
)
/** A part of the money goes back. Payments gives each `refundId` once, as soon as so much was captured, never more. */
export const RefundRequestedV1 = defineEvent(
  'orders.refund.requested.v1',
  Type.Object({ orderId: OrderId, refundId: RefundId, amount: Money, reason: Type.String() }),
)
/** Lines, totals or both were changed after confirmation, by an edit or by cancelling what had not shipped. */
export const OrderEditedV1 = defineEvent(
  'orders.order.edited.v1',
  Type.Object({
    ...ofOrder,
    lines: Type.Array(
      Type.Object({ sku: Sku, title: Type.String(), quantity: Type.Integer({ minimum: 0 }), total: Money }),
    ),
    total: Money,
    contact: Type.Enum(['order', 'account']),
  }),
)
/** Everything was delivered or given up; nothing is awaited. */
export const OrderCompletedV1 = defineEvent('orders.order.completed.v1', Type.Object(ofOrder))
