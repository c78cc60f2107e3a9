import type { DomainEvent } from '@tradewind/contracts/event'
import {
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { changed, unchanged } from '@tradewind/database/decision'
import { applyProviderState, nextStep, type Payment, type ProviderState } from '../domain/payment.ts'
import { type PaymentProvider, ProviderUnclear } from '../providers/payment-provider.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'

/**
 * Asks the provider until the payment is where its order wants it. Safe to repeat and to run twice at once: the provider
 * knows the payment by its id, and only a new state is written. Throws `ProviderUnclear` when the provider's answer is not
 * known; then it is simply called again, by the event's redelivery or the sweeper.
 */
export type AdvancePayment = (payment: Payment) => Promise<void>

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Authorise, capture and refund are the longest way; more means that provider and payment disagree for ever. */
const maxSteps = 6

export const makeAdvancePayment =
  ({ payments, provider, now, newId }: Ports): AdvancePayment =>
  async (payment) => {
    let current = payment
    for (let steps = 0; steps < maxSteps; steps += 1) {
      const answer = await ask(provider, current)
      if (answer === undefined) return
      current = await payments.update(payment.id, (before) => {
        const after = applyProviderState(before, answer, now())
        return after === before ? unchanged() : changed(after, ...eventsFor(after, newId))
      })
    }
    throw ProviderUnclear({ paymentId: payment.id, status: current.status, wish: current.wish })
  }

function ask(provider: PaymentProvider, payment: Payment): Promise<ProviderState> | undefined {
  const { id, amount, method } = payment
  switch (nextStep(payment)) {
    case 'authorize':
      if (amount === undefined || method === undefined) return undefined
      return provider.authorize(id, amount, method)
    case 'capture':
      return provider.capture(id)
    case 'void':
      return provider.void(id)
    case 'refund':
      return provider.refund(id)
    case undefined:
      return undefined
  }
}

function eventsFor(payment: Payment, newId: Ports['newId']): DomainEvent[] {
  const { orderId, id: paymentId, status, amount, declineReason = 'payment_declined' } = payment
  const id = newId('evt')
  if (status === 'voided') return [PaymentVoidedV1.create(id, { orderId, paymentId })]
  if (status === 'declined') return [PaymentDeclinedV1.create(id, { orderId, paymentId, reason: declineReason })]
  if (amount === undefined) return []
  switch (status) {
    case 'authorized':
      return [PaymentAuthorizedV1.create(id, { orderId, paymentId, amount })]
    case 'captured':
      return [PaymentCapturedV1.create(id, { orderId, paymentId, amount })]
    case 'refunded':
      return [
        RefundSucceededV1.create(id, { orderId, paymentId, refundId: paymentId.replace(/^pay_/, 'ref_'), amount }),
      ]
    case 'authorizing':
      return []
  }
}
