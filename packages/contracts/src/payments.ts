import { Type } from 'typebox'
import {
  FulfilmentId,
  Id,
  idempotencyHeaders,
  Line,
  Money,
  OrderId,
  Page,
  PaymentId,
  pageQuery,
  RefundId,
  Strict,
  Timestamp,
  UserId,
} from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

export const PaymentState = Type.Enum([
  'authorizing',
  'authorized',
  'partially_captured',
  'captured',
  'partially_refunded',
  'refunded',
  'declined',
  'voided',
])
export type PaymentState = Type.Static<typeof PaymentState>

export const DeclineReason = Type.Enum(['payment_declined', 'insufficient_funds'])
export type DeclineReason = Type.Static<typeof DeclineReason>

/** A capture of everything, or of the part that a shipment or an operator asked for. */
const CaptureId = Type.String({ pattern: '^(cap|ful)_[0-9a-f]{32}$', maxLength: 48 })

const Capture = Type.Object({
  id: CaptureId,
  amountMinor: Type.Integer({ description: 'of a capture of all that is left: zero until it was made' }),
  state: Type.Enum(['wanted', 'captured', 'covered', 'refused'], {
    description: 'covered: taken along by an earlier capture of everything',
  }),
  isLast: Type.Boolean({ description: 'nothing else will be captured; the rest of the authorisation is released' }),
  failure: Type.Optional(Type.String()),
  requestedBy: Type.Optional(UserId),
  requestedAt: Timestamp,
})

export const Refund = Type.Object({
  id: RefundId,
  amountMinor: Type.Integer(),
  reason: Type.String(),
  state: Type.Enum(['wanted', 'pending', 'succeeded', 'failed'], {
    description: 'wanted: waits until enough was captured, or for the provider; pending: the provider is at it',
  }),
  failure: Type.Optional(Type.String()),
  requestedBy: Type.Optional(UserId),
  requestedAt: Timestamp,
})
export type Refund = Type.Static<typeof Refund>

const LedgerEntry = Type.Object({
  at: Timestamp,
  account: Type.Enum(['provider', 'order']),
  amountMinor: Type.Integer({ description: 'all entries of a payment sum to zero' }),
  reason: Type.Enum(['capture', 'refund', 'refund_failed']),
  partId: Type.Optional(Type.String()),
})

export const Payment = Type.Object({
  id: PaymentId,
  orderId: OrderId,
  status: PaymentState,
  amount: Type.Union([Money, Type.Null()]),
  capturedMinor: Type.Integer(),
  refundedMinor: Type.Integer(),
  captures: Type.Array(Capture),
  refunds: Type.Array(Refund),
  ledger: Type.Array(LedgerEntry),
  provider: Type.String(),
  providerRef: Type.Optional(Type.String({ description: 'what the provider calls it' })),
  declineReason: Type.Optional(DeclineReason),
  voidedBy: Type.Optional(UserId),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type Payment = Type.Static<typeof Payment>

const paymentParams = Strict({ id: PaymentId })
/** What somebody asks for by hand; an order's own amounts may be zero. */
const WantedMinor = Type.Integer({ minimum: 1, maximum: 1_000_000_000_000 })

export const getPaymentRoute = defineRoute('payments', 'GET', '/v1/payments/:id', 'payments:read', {
  summary: 'One payment with its captures, its refunds and its ledger',
  params: paymentParams,
  response: { 200: Payment },
})

export const listPaymentsRoute = defineRoute('payments', 'GET', '/v1/payments', 'payments:read', {
  summary: 'Payments, newest first, of one order when asked',
  querystring: Strict({ ...pageQuery, orderId: Type.Optional(Id('ord')) }),
  response: { 200: Page(Payment) },
})

const notYet =
  'Answers 202 while the provider has not said what it did; it is asked until it has, and the same request tells what came of it.'

export const capturePaymentRoute = defineRoute('payments', 'POST', '/v1/payments/:id/capture', 'payments:write', {
  summary: 'Takes what is held, or a part of it',
  description: notYet,
  params: paymentParams,
  headers: idempotencyHeaders,
  audited: ['amountMinor'],
  body: Strict({ amountMinor: Type.Optional(WantedMinor) }),
  response: { 200: Payment, 202: Payment },
})

export const voidPaymentRoute = defineRoute('payments', 'POST', '/v1/payments/:id/void', 'payments:write', {
  summary: 'Gives up what is still held; what was captured stays',
  description: notYet,
  params: paymentParams,
  headers: idempotencyHeaders,
  response: { 200: Payment, 202: Payment },
})

export const refundPaymentRoute = defineRoute('payments', 'POST', '/v1/payments/:id/refunds', 'payments:write', {
  summary: 'Gives back what was captured, or a part of it',
  description: notYet,
  params: paymentParams,
  headers: idempotencyHeaders,
  audited: ['amountMinor'],
  body: Strict({ amountMinor: WantedMinor, reason: Line(500) }),
  response: { 201: Refund, 202: Refund },
})

/** Largest webhook that is taken, in bytes. */
export const maxWebhookBytes = 262_144

const Signature = Type.Optional(Type.String({ minLength: 1, maxLength: 1024 }))

export const paymentWebhookRoute = defineRoute('payments', 'POST', '/v1/payments/webhooks/:provider', 'public', {
  summary: 'Where a payment provider tells that something happened',
  description:
    'Signed by the provider over the bytes of the body, five minutes ago at most. What it says is a hint: the provider is asked how the payment stands.',
  params: Strict({ provider: Type.Enum(['simulator', 'stripe']) }),
  headers: Type.Object({ 'stripe-signature': Signature, 'simulator-signature': Signature }),
  upload: { mediaTypes: ['application/json'], maxBytes: maxWebhookBytes },
  response: { 200: Type.Object({ received: Type.Boolean() }) },
})

export const SimulatorRule = Type.Object({
  id: Type.String(),
  step: Type.Enum(['authorize', 'capture', 'void', 'refund', 'look_up']),
  method: Type.Optional(Type.String()),
  paymentId: Type.Optional(PaymentId),
  outcome: Type.String(),
  webhook: Type.String(),
  delayMs: Type.Integer(),
  times: Type.Integer(),
})

const rule = {
  step: Type.Enum(['authorize', 'capture', 'void', 'refund', 'look_up'], { description: 'the call that it is for' }),
  method: Type.Optional(Type.String({ pattern: '^pm_[A-Za-z0-9_]{1,64}$', maxLength: 68 })),
  paymentId: Type.Optional(PaymentId),
  outcome: Type.Optional(
    Type.Enum(['as_usual', 'decline', 'insufficient_funds', 'refuse', 'timeout_before', 'timeout_after', 'error'], {
      description:
        'refuse: for good; timeout_before: the request is lost; timeout_after: the answer is lost; error: a fault of the provider, without effect',
    }),
  ),
  webhook: Type.Optional(
    Type.Enum(['none', 'once', 'twice', 'late', 'reversed', 'forged'], {
      description: 'late: a minute later; reversed: two seconds later, so that those of later calls overtake it',
    }),
  ),
  delayMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 20_000 })),
  times: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: 'calls that it is for, default 1' })),
}

export const scriptSimulatorRoute = defineRoute('payments', 'POST', '/v1/payments/simulator/script', 'payments:write', {
  summary: 'Tells the simulated provider how to answer the next calls, of one payment or method when given',
  description: 'There only while the simulator is in use. A rule is forgotten after an hour.',
  body: Strict(rule),
  response: { 201: SimulatorRule },
})

export const ReconciliationId = Id('rec')

export const Reconciliation = Type.Object({
  id: ReconciliationId,
  status: Type.Enum(['queued', 'running', 'completed', 'failed']),
  from: Timestamp,
  provider: Type.String(),
  checked: Type.Integer({ description: 'payments that were compared so far' }),
  differences: Type.Integer(),
  requestedBy: Type.Optional(UserId),
  failure: Type.Optional(Type.String()),
  createdAt: Timestamp,
  finishedAt: Type.Optional(Timestamp),
})
export type Reconciliation = Type.Static<typeof Reconciliation>

export const DifferenceKind = Type.Enum(['missing_at_provider', 'missing_here', 'amounts_differ', 'state_differs'])

const PaymentFigures = Type.Object({
  state: Type.Enum(['none', 'held', 'declined', 'closed'], { description: 'what is held' }),
  authorizedMinor: Type.Integer(),
  capturedMinor: Type.Integer(),
  refundedMinor: Type.Integer(),
  currency: Type.String(),
})
const Difference = {
  paymentId: PaymentId,
  kind: DifferenceKind,
  ours: Type.Union([PaymentFigures, Type.Null()]),
  theirs: Type.Union([PaymentFigures, Type.Null()]),
}

export const ReconciliationDifference = Type.Object({ ...Difference, foundAt: Timestamp })

export const startReconciliationRoute = defineRoute(
  'payments',
  'POST',
  '/v1/payments/reconciliations',
  'payments:write',
  {
    summary: 'Compares the payments since a time with the provider, in the background',
    headers: idempotencyHeaders,
    body: Strict({ from: Type.Optional(Type.String({ format: 'date-time', description: 'default 35 days ago' })) }),
    response: { 202: Reconciliation },
  },
)

export const listReconciliationsRoute = defineRoute(
  'payments',
  'GET',
  '/v1/payments/reconciliations',
  'payments:read',
  {
    summary: 'Comparisons with the provider, newest first',
    querystring: Strict(pageQuery),
    response: { 200: Page(Reconciliation) },
  },
)

const reconciliationParams = Strict({ id: ReconciliationId })

export const getReconciliationRoute = defineRoute(
  'payments',
  'GET',
  '/v1/payments/reconciliations/:id',
  'payments:read',
  {
    summary: 'One comparison and how far it is',
    params: reconciliationParams,
    response: { 200: Reconciliation },
  },
)

export const listDifferencesRoute = defineRoute(
  'payments',
  'GET',
  '/v1/payments/reconciliations/:id/differences',
  'payments:read',
  {
    summary: 'What a comparison found, payment by payment',
    params: reconciliationParams,
    querystring: Strict(pageQuery),
    response: { 200: Page(ReconciliationDifference) },
  },
)

export const paymentsRoutes = [
  getPaymentRoute,
  listPaymentsRoute,
  capturePaymentRoute,
  voidPaymentRoute,
  refundPaymentRoute,
  paymentWebhookRoute,
  scriptSimulatorRoute,
  startReconciliationRoute,
  listReconciliationsRoute,
  getReconciliationRoute,
  listDifferencesRoute,
]

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
/** What was asked for will not be taken: more than is held, or the provider refuses. Somebody has to look at it. */
export const CaptureFailedV1 = defineEvent(
  'payments.capture.failed.v1',
  Type.Object({
    ...ofPayment,
    captureId: CaptureId,
    fulfilmentId: Type.Optional(FulfilmentId),
    amount: Money,
    reason: Type.String(),
  }),
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
/** A payment stands otherwise with the provider than here. Said once per comparison and difference. */
export const ReconciliationMismatchV1 = defineEvent(
  'payments.reconciliation.mismatch.v1',
  Type.Object({ reconciliationId: ReconciliationId, ...Difference }),
)
