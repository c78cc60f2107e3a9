import { Type } from 'typebox'
import {
  FulfilmentId,
  idempotencyHeaders,
  LocationId,
  maxAmountMinor,
  OrderId,
  OrderLineId,
  ReturnId,
  Sku,
  Strict,
} from './common.ts'
import { Fulfilment, OrderEdit, Refund, Return, Tracking } from './fulfilment.ts'
import { maxOrderLines, orderParams, Quantity } from './orders.ts'
import { defineRoute } from './route.ts'

/** Most lines that an order can come to have by edits, each of which may add some. */
const maxLines = 2 * maxOrderLines

const fulfilmentParams = Strict({ id: OrderId, fulfilmentId: FulfilmentId })
const returnParams = Strict({ id: OrderId, returnId: ReturnId })
const UnitsWanted = Type.Array(Strict({ lineId: OrderLineId, quantity: Quantity }), {
  minItems: 1,
  maxItems: maxLines,
})
const UnitsOrNone = Type.Integer({ minimum: 0, maximum: 10_000 })
const Words = Type.String({ minLength: 1, maxLength: 500 })
const SomeAmount = Type.Integer({ minimum: 1, maximum: maxAmountMinor })

export const createFulfilmentRoute = defineRoute('orders', 'POST', '/v1/orders/:id/fulfilments', 'fulfilments:write', {
  summary: 'Begins to pack a part of an order; never more than is ordered and in no other fulfilment',
  params: orderParams,
  headers: idempotencyHeaders,
  body: Strict({ lines: UnitsWanted }),
  response: { 201: Fulfilment },
})

export const shipFulfilmentRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/fulfilments/:fulfilmentId/ship',
  'fulfilments:write',
  {
    summary: 'Sends a part off, and takes the money for it where money is taken with each shipment',
    params: fulfilmentParams,
    headers: idempotencyHeaders,
    body: Strict({ tracking: Type.Optional(Tracking) }),
    response: { 200: Fulfilment },
  },
)

export const deliverFulfilmentRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/fulfilments/:fulfilmentId/deliver',
  'fulfilments:write',
  {
    summary: 'Says that a part arrived',
    params: fulfilmentParams,
    response: { 200: Fulfilment },
  },
)

export const cancelFulfilmentRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/fulfilments/:fulfilmentId/cancel',
  'fulfilments:write',
  {
    summary: 'Gives up packing a part; its units may be fulfilled otherwise',
    params: fulfilmentParams,
    response: { 200: Fulfilment },
  },
)

export const editOrderRoute = defineRoute('orders', 'POST', '/v1/orders/:id/edits', 'user', {
  summary: 'Changes what an order consists of, before any of it is packed',
  description:
    'The lines are the wanted end: every SKU once, with all its units; what is not named goes. What goes is put back on the shelf and paid back. What comes is reserved and paid first: until then the edit is `open` and the order as it was.',
  params: orderParams,
  headers: Type.Object({
    ...idempotencyHeaders.properties,
    'if-match': Type.Optional(Type.String({ maxLength: 128 })),
  }),
  body: Strict({
    lines: Type.Array(Strict({ sku: Sku, quantity: Quantity }), { minItems: 1, maxItems: maxOrderLines }),
  }),
  response: { 201: OrderEdit },
})

export const requestReturnRoute = defineRoute('orders', 'POST', '/v1/orders/:id/returns', 'user', {
  summary: 'Asks to send delivered units back, within the days that the shop gives',
  params: orderParams,
  headers: idempotencyHeaders,
  body: Strict({ lines: UnitsWanted, reason: Words }),
  response: { 201: Return },
})

export const approveReturnRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/returns/:returnId/approve',
  'returns:decide',
  {
    summary: 'Lets the customer send it',
    params: returnParams,
    response: { 200: Return },
  },
)

export const rejectReturnRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/returns/:returnId/reject',
  'returns:decide',
  {
    summary: 'Does not let the customer send it, and says why',
    params: returnParams,
    body: Strict({ reason: Words }),
    response: { 200: Return },
  },
)

export const receiveReturnRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/returns/:returnId/receive',
  'returns:write',
  {
    summary: 'Says what came back, and puts what can be sold again on the shelf',
    description: 'Units that are in neither number did not come, and count as not returned.',
    params: returnParams,
    headers: idempotencyHeaders,
    body: Strict({
      lines: Type.Array(Strict({ lineId: OrderLineId, restock: UnitsOrNone, writeOff: UnitsOrNone }), {
        minItems: 1,
        maxItems: maxLines,
      }),
      locationId: Type.Optional(LocationId),
    }),
    response: { 200: Return },
  },
)

export const refundReturnRoute = defineRoute(
  'orders',
  'POST',
  '/v1/orders/:id/returns/:returnId/refund',
  'returns:write',
  {
    summary: 'Pays back what was paid for the units that came, or another amount',
    params: returnParams,
    headers: idempotencyHeaders,
    audited: ['amountMinor'],
    body: Strict({ amountMinor: Type.Optional(SomeAmount) }),
    response: { 200: Return },
  },
)

export const refundOrderRoute = defineRoute('orders', 'POST', '/v1/orders/:id/refunds', 'payments:write', {
  summary: 'Pays a part back out of goodwill; never more than was captured and is not asked back yet',
  params: orderParams,
  headers: idempotencyHeaders,
  audited: ['amountMinor'],
  body: Strict({ amountMinor: SomeAmount, reason: Words }),
  response: { 201: Type.Object({ refunds: Type.Array(Refund) }) },
})

export const orderChangeRoutes = [
  createFulfilmentRoute,
  shipFulfilmentRoute,
  deliverFulfilmentRoute,
  cancelFulfilmentRoute,
  editOrderRoute,
  requestReturnRoute,
  approveReturnRoute,
  rejectReturnRoute,
  receiveReturnRoute,
  refundReturnRoute,
  refundOrderRoute,
]
