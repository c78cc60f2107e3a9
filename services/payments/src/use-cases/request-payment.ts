import {
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { announcedAgain, changed } from '@tradewind/database/decision'
import {
  createPayment,
  type Money,
  nextStep,
  type Payment,
  type PaymentStatus,
  paymentIdOf,
  tombstone,
  wishFor,
} from '../domain/payment.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { AdvancePayment } from './advance-payment.ts'

interface Ports {
  readonly payments: PaymentRepository
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** The event that tells how a payment stands, for whoever asks again. */
const outcomeEvents: Readonly<Record<PaymentStatus, readonly string[]>> = {
  authorizing: [],
  authorized: [PaymentAuthorizedV1.type],
  declined: [PaymentDeclinedV1.type],
  captured: [PaymentCapturedV1.type],
  voided: [PaymentVoidedV1.type],
  refunded: [RefundSucceededV1.type],
}

const sayAgain = ({ status }: Payment) => announcedAgain(...outcomeEvents[status])

/** Writes what the order wants and then asks the provider for it. Each is safe to repeat. */
export interface RequestPayment {
  readonly authorize: (order: { orderId: string; amount: Money; method: string }) => Promise<void>
  readonly capture: (orderId: string) => Promise<void>
  /** Voids or refunds, whichever is needed; also for an order whose payment never began. */
  readonly cancel: (orderId: string) => Promise<void>
}

export function makeRequestPayment({ payments, advance, now, newId }: Ports): RequestPayment {
  const carryOn = async (payment: Payment | undefined) => {
    if (payment !== undefined && nextStep(payment) !== undefined) await advance(payment)
  }
  return {
    authorize: async ({ orderId, amount, method }) => {
      await carryOn(
        await payments.upsert(paymentIdOf(orderId), (before) =>
          before === undefined ? changed(createPayment(orderId, amount, method, now())) : sayAgain(before),
        ),
      )
    },
    capture: async (orderId) => {
      await carryOn(
        await payments.update(paymentIdOf(orderId), (before) => {
          const after = wishFor(before, 'captured', now())
          return after === before ? sayAgain(before) : changed(after)
        }),
      )
    },
    cancel: async (orderId) => {
      await carryOn(
        await payments.upsert(paymentIdOf(orderId), (before) => {
          if (before === undefined) {
            const dead = tombstone(orderId)
            return changed(dead, PaymentVoidedV1.create(newId('evt'), { orderId, paymentId: dead.id }))
          }
          const after = wishFor(before, 'cancelled', now())
          return after === before ? sayAgain(before) : changed(after)
        }),
      )
    },
  }
}
