import type { DomainEvent } from '@tradewind/contracts/event'
import {
  CaptureFailedV1,
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundFailedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { type Announceable, changed, type Decision, unchanged } from '@tradewind/database/decision'
import { type Capture, isVoid, type Payment, type Refund, restRefundIdOf } from '../domain/payment.ts'

type NewId = (prefix: string) => string

/** A fulfilment's id where the capture was for one. */
export const fulfilmentOf = ({ id }: Pick<Capture, 'id'>): { fulfilmentId?: string } =>
  id.startsWith('ful_') ? { fulfilmentId: id } : {}

/** The decision that follows from what became of a payment: nothing, or its new state with what there is to tell. */
export function decided(before: Payment | undefined, after: Payment, newId: NewId): Decision<Payment> {
  return after === before ? unchanged() : changed(after, ...eventsBetween(before, after, newId))
}

/** Everything that became true between two states of a payment, in the order in which it came about. */
function eventsBetween(before: Payment | undefined, after: Payment, newId: NewId): DomainEvent[] {
  const { orderId, id: paymentId, declineReason = 'payment_declined' } = after
  const of = { orderId, paymentId }
  const currency = after.amount?.currency ?? 'XXX'
  const events: DomainEvent[] = []
  if (isAuthorized(after) && !(before !== undefined && isAuthorized(before)) && after.amount !== undefined)
    events.push(PaymentAuthorizedV1.create(newId('evt'), { ...of, amount: after.amount }))
  if (after.authorization === 'declined' && before?.authorization !== 'declined')
    events.push(PaymentDeclinedV1.create(newId('evt'), { ...of, reason: declineReason }))
  for (const capture of news(before?.captures, after.captures)) {
    const told = { ...of, amount: { amountMinor: capture.amountMinor, currency }, ...fulfilmentOf(capture) }
    if (capture.state === 'captured' || capture.state === 'covered')
      events.push(PaymentCapturedV1.create(newId('evt'), told))
    // Who cancelled does not wait for what was not captured for it; a decline has said all there is to say.
    else if (capture.state === 'refused' && !after.isCancelled && after.authorization !== 'declined')
      events.push(
        CaptureFailedV1.create(newId('evt'), { ...told, captureId: capture.id, reason: capture.failure ?? '' }),
      )
  }
  for (const refund of news(before?.refunds, after.refunds)) {
    const told = { ...of, refundId: refund.id, amount: { amountMinor: refund.amountMinor, currency } }
    if (refund.state === 'succeeded') events.push(RefundSucceededV1.create(newId('evt'), told))
    else if (refund.state === 'failed')
      events.push(RefundFailedV1.create(newId('evt'), { ...told, reason: refund.failure ?? '' }))
  }
  if (isVoid(after) && !(before !== undefined && isVoid(before))) events.push(PaymentVoidedV1.create(newId('evt'), of))
  return events
}

/** True once the provider has said yes, also where it has given up the money since. */
const isAuthorized = ({ authorization, captures }: Payment): boolean =>
  authorization === 'held' || captures.some(({ state }) => state === 'captured')

/** Items whose state is not what it was. */
const news = <T extends Capture | Refund>(before: readonly T[] = [], after: readonly T[]): T[] => {
  const known = new Map(before.map(({ id, state }) => [id, state]))
  return after.filter(({ id, state }) => known.get(id) !== state)
}

/** What was told of a capture that somebody asks for again. */
export const toldOfCapture = (id: string): Announceable[] => {
  const { fulfilmentId } = fulfilmentOf({ id })
  return [
    { type: PaymentCapturedV1.type, having: { fulfilmentId } },
    { type: CaptureFailedV1.type, having: { captureId: id } },
  ]
}

/** What was told of a refund that somebody asks for again. */
export const toldOfRefund = (id: string): Announceable[] =>
  [RefundSucceededV1, RefundFailedV1].map(({ type }) => ({ type, having: { refundId: id } }))

/** What was told of the authorisation. */
export const toldOfAuthorization = ({ authorization, status }: Payment): Announceable[] => {
  if (authorization === 'declined') return [{ type: PaymentDeclinedV1.type }]
  if (status === 'voided') return [{ type: PaymentVoidedV1.type }]
  return [{ type: PaymentAuthorizedV1.type }]
}

/** What was told of the end of a payment whose order was cancelled. */
export const toldOfEnd = (payment: Payment): Announceable[] => {
  if (payment.authorization === 'declined') return [{ type: PaymentDeclinedV1.type }]
  if (isVoid(payment)) return [{ type: PaymentVoidedV1.type }]
  return toldOfRefund(restRefundIdOf(payment.orderId))
}
