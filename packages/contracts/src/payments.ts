import { Type } from 'typebox'
import { FulfilmentId, Id, Money, OrderId, Page, PaymentId, pageQuery, RefundId, Strict, Timestamp } from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

export const PaymentState = Type.Enum(['authorizing', 'authorized', 'declined', 'captured', 'voided', 'refunded'])
export type PaymentState = Type.Static<typeof PaymentState>

export const DeclineReason = Type.Enum(['payment_declined', 'insufficient_funds'])
export type DeclineReason = Type.Static<typeof DeclineReason>

export const Payment = Type.Object({
  id: PaymentId,
  orderId: OrderId,
  status: PaymentState,
  amount: Type.Union([Money, Type.Null()]),
  capturedMinor: Type.Integer(),
  refundedMinor: Type.Integer(),
  provider: Type.String(),
  declineReason: Type.Optional(DeclineReason),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Payment = Type.Static<typeof Payment>

export const getPaymentRoute = defineRoute('payments', 'GET', '/v1/payments/:id', 'operator', {
  summary: 'One payment',
  params: Strict({ id: PaymentId }),
  response: { 200: Payment },
})

export const listPaymentsRoute = defineRoute('payments', 'GET', '/v1/payments', 'operator', {
  summary: 'Payments, newest first, of one order when asked',
  querystring: Strict({ ...pageQuery, orderId: Type.Optional(Id('ord')) }),
  response: { 200: Page(Payment) },
})

export const paymentsRoutes = [getPaymentRoute, listPaymentsRoute]

const ofPayment = { orderId: OrderId, paymentId: PaymentId }

/** The provider holds the amount for us. */
export const PaymentAuthorizedV1 = defineEvent(
  'payments.payment.authorized.v1',
  Type.Object({ ...ofPayment, amount: Money }),
)
/** The provider refused. */
export const PaymentDeclinedV1 = defineEvent(
  'payments.payment.declined.v1',
  Type.Object({ ...ofPayment, reason: DeclineReason }),
)
/** The amount was taken: all of it at once, or a part with a shipment, then with its id. */
export const PaymentCapturedV1 = defineEvent(
  'payments.payment.captured.v1',
  Type.Object({ ...ofPayment, amount: Money, fulfilmentId: Type.Optional(FulfilmentId) }),
)
/** Nothing is held or taken for the order, and nothing will be. */
export const PaymentVoidedV1 = defineEvent('payments.payment.voided.v1', Type.Object(ofPayment))
/** What was taken went back, or the part of it that the refund with this id asked for. */
export const RefundSucceededV1 = defineEvent(
  'payments.refund.succeeded.v1',
  Type.Object({ ...ofPayment, refundId: RefundId, amount: Money }),
)
/** The provider will not give this refund; somebody has to look at it. */
export const RefundFailedV1 = defineEvent(
  'payments.refund.failed.v1',
  Type.Object({ ...ofPayment, refundId: RefundId, amount: Money, reason: Type.String() }),
)
