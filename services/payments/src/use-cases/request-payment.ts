import { type Announceable, announcedAgain } from '@tradewind/database/decision'
import { blankPayment, captureAllIdOf, type Money, type Payment, paymentIdOf } from '../domain/payment.ts'
import {
  type CaptureWish,
  type RefundWish,
  wishAuthorized,
  wishCancelled,
  wishCapture,
  wishCapturedAll,
  wishRefund,
} from '../domain/wishes.ts'
import type { PaymentProvider } from '../providers/payment-provider.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { AdvancePayment } from './advance-payment.ts'
import { decided, toldOfAuthorization, toldOfCapture, toldOfEnd, toldOfRefund } from './payment-events.ts'

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: Pick<PaymentProvider, 'name'>
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Writes what the order wants and then asks the provider for it. Each is safe to repeat and may come before what it
 * follows from: a wish for a payment that is not known yet is kept until it is.
 */
export interface RequestPayment {
  readonly authorize: (order: { orderId: string; amount: Money; method: string }) => Promise<void>
  readonly captureAll: (orderId: string) => Promise<void>
  readonly capture: (orderId: string, wish: CaptureWish) => Promise<void>
  readonly refund: (orderId: string, wish: RefundWish) => Promise<void>
  /** Voids or refunds, whichever is needed; also for an order whose payment never began. */
  readonly cancel: (orderId: string) => Promise<void>
}

export function makeRequestPayment({ payments, provider, advance, now, newId }: Ports): RequestPayment {
  /** Whoever asks again has perhaps not heard what came of it. */
  async function request(
    orderId: string,
    wish: (payment: Payment) => Payment,
    told: (payment: Payment) => readonly Announceable[],
  ): Promise<void> {
    let isNew = false
    const saved = await payments.upsert(paymentIdOf(orderId), (stored) => {
      const before = stored ?? blankPayment(orderId)
      const after = wish(before)
      isNew = after.intent !== before.intent
      return after === before ? announcedAgain(...told(before)) : decided(stored, after, newId)
    })
    if (saved?.intent !== undefined) await advance(saved, isNew)
  }

  return {
    authorize: ({ orderId, amount, method }) =>
      request(
        orderId,
        (before) => wishAuthorized(before, { amount, method, provider: provider.name }, now()),
        toldOfAuthorization,
      ),
    captureAll: (orderId) =>
      request(
        orderId,
        (before) => wishCapturedAll(before, now()),
        (payment) => [...(payment.isCancelled ? toldOfEnd(payment) : []), ...toldOfCapture(captureAllIdOf(orderId))],
      ),
    capture: (orderId, wish) =>
      request(
        orderId,
        (before) => wishCapture(before, wish, now()),
        (payment) => [...(payment.isCancelled ? toldOfEnd(payment) : []), ...toldOfCapture(wish.id)],
      ),
    refund: (orderId, wish) =>
      request(
        orderId,
        (before) => wishRefund(before, wish, now()),
        () => toldOfRefund(wish.id),
      ),
    cancel: (orderId) => request(orderId, (before) => wishCancelled(before, now()), toldOfEnd),
  }
}
