import { defineError } from '@tradewind/service-kit/errors'
import {
  capturableMinor,
  captureAllIdOf,
  type Money,
  maxCaptures,
  maxRefunds,
  type Payment,
  refundableMinor,
} from './payment.ts'
import { planned } from './plan.ts'

export const TooManyParts = defineError(
  'PAYMENTS_TOO_MANY_PARTS',
  'unprocessable',
  `A payment is captured in ${maxCaptures} parts and given back in ${maxRefunds} at most.`,
)
export const NotAuthorized = defineError(
  'PAYMENTS_NOT_AUTHORIZED',
  'conflict',
  'The provider holds nothing for this payment: it was declined, or is not authorised yet.',
)
export const NothingHeld = defineError(
  'PAYMENTS_NOTHING_HELD',
  'conflict',
  'Nothing is held any more: all of it was captured, voided or released.',
)
export const AlreadyVoided = defineError('PAYMENTS_ALREADY_VOIDED', 'conflict', 'The payment was voided already.')
export const AboveAuthorized = defineError(
  'PAYMENTS_ABOVE_AUTHORIZED',
  'unprocessable',
  'That is more than what is still held and not asked for.',
)
export const NothingCaptured = defineError(
  'PAYMENTS_NOTHING_CAPTURED',
  'conflict',
  'Nothing was captured, so nothing can be given back.',
)
export const AboveCaptured = defineError(
  'PAYMENTS_ABOVE_CAPTURED',
  'unprocessable',
  'That is more than what was captured and not given back.',
)

/** The order is to be paid like this. The same object comes back when that is known. */
export function wishAuthorized(
  payment: Payment,
  { amount, method, provider }: { amount: Money; method: string; provider: string },
  now: Date,
): Payment {
  return payment.amount === undefined ? planned({ ...payment, amount, method, provider }, now) : payment
}

export interface CaptureWish {
  readonly id: string
  /** Missing for all that is left. */
  readonly amountMinor?: number
  readonly isLast?: boolean
  /** What the order has asked for with this capture and those before it. */
  readonly askedMinor?: number
  readonly requestedBy?: string
}

/** Money is to be taken. The same object comes back when this capture is known. Throws `TooManyParts`. */
export function wishCapture(payment: Payment, wish: CaptureWish, now: Date): Payment {
  const { id, amountMinor, isLast = false, askedMinor, requestedBy } = wish
  if (payment.captures.some((known) => known.id === id)) return payment
  if (payment.captures.length >= maxCaptures) throw TooManyParts({ paymentId: payment.id, captureId: id })
  const capture = {
    id,
    amountMinor: amountMinor ?? 0,
    ...(amountMinor === undefined && { isAll: true as const }),
    ...(isLast && { isLast: true as const }),
    ...(askedMinor !== undefined && { askedMinor }),
    state: 'wanted' as const,
    ...(requestedBy !== undefined && { requestedBy }),
    at: now,
  }
  return planned({ ...payment, captures: [...payment.captures, capture] }, now)
}

/** Everything that is held is to be taken. */
export const wishCapturedAll = (payment: Payment, now: Date): Payment =>
  wishCapture(payment, { id: captureAllIdOf(payment.orderId) }, now)

export interface RefundWish {
  readonly id: string
  readonly amountMinor: number
  readonly reason: string
  readonly requestedBy?: string
}

/** Money is to go back, as soon as so much was captured. The same object comes back when this refund is known. Throws `TooManyParts`. */
export function wishRefund(payment: Payment, wish: RefundWish, now: Date): Payment {
  if (payment.refunds.some(({ id }) => id === wish.id)) return payment
  if (payment.refunds.length >= maxRefunds) throw TooManyParts({ paymentId: payment.id, refundId: wish.id })
  return planned({ ...payment, refunds: [...payment.refunds, { ...wish, state: 'wanted', at: now }] }, now)
}

/** Nothing is wanted any more: what is held is given up, what was taken goes back. The same object comes back when that is known. */
export const wishCancelled = (payment: Payment, now: Date): Payment =>
  payment.isCancelled ? payment : planned({ ...payment, isCancelled: true }, now)

/** What is held is to be given up. The same object comes back when that is known. */
export const wishVoided = (payment: Payment, voidId: string, voidedBy: string, now: Date): Payment =>
  payment.voidId === undefined ? planned({ ...payment, voidId, voidedBy }, now) : payment

/** What somebody asks for by hand must be possible as things stand. Throws `NotAuthorized`, `NothingHeld`, `AboveAuthorized`. */
export function requireCapturable(payment: Payment, amountMinor: number | undefined): void {
  requireHeld(payment)
  const wanted = payment.captures.filter(({ state }) => state === 'wanted')
  const asked = wanted.reduce((sum, capture) => sum + capture.amountMinor, 0)
  const left = wanted.some(({ isAll }) => isAll === true) ? 0 : capturableMinor(payment) - asked
  if (left <= 0 || (amountMinor !== undefined && amountMinor > left))
    throw AboveAuthorized({ paymentId: payment.id, left })
}

/** Throws `NotAuthorized`, `NothingHeld`, `AlreadyVoided`. */
export function requireVoidable(payment: Payment): void {
  if (payment.status === 'voided' || payment.voidedBy !== undefined) throw AlreadyVoided({ paymentId: payment.id })
  requireHeld(payment)
}

function requireHeld({ id, authorization, isCancelled, voidedBy }: Payment): void {
  if (authorization === 'none' || authorization === 'declined') throw NotAuthorized({ paymentId: id, authorization })
  if (authorization === 'closed' || isCancelled || voidedBy !== undefined) throw NothingHeld({ paymentId: id })
}

/** Throws `NothingCaptured`, `AboveCaptured`. */
export function requireRefundable(payment: Payment, amountMinor: number): void {
  const { id, refunds, capturedMinor, intent } = payment
  if (capturedMinor === 0) throw NothingCaptured({ paymentId: id })
  const asked = refunds
    .filter((refund) => refund.state === 'wanted' && !(intent?.kind === 'refund' && intent.id === refund.id))
    .reduce((sum, refund) => sum + refund.amountMinor, 0)
  if (amountMinor > refundableMinor(payment) - asked) throw AboveCaptured({ paymentId: id, asked })
}
