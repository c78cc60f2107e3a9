import { defineError } from '@tradewind/service-kit/errors'
import type { Money, ProviderState } from '../domain/payment.ts'

/** The provider did not answer, or answered with a fault of its own: what it did is unknown. */
export const ProviderUnclear = defineError(
  'PAYMENTS_PROVIDER_UNCLEAR',
  'unavailable',
  'The payment provider did not answer clearly. It is asked again.',
)

/**
 * What Tradewind needs of a payment provider. Every call names the payment, which is also its idempotency key: repeating
 * a call has no second effect and gives the payment's present state. Each throws `ProviderUnclear` when the outcome is not
 * known, and is then simply repeated.
 */
export interface PaymentProvider {
  readonly name: string
  /** Holds the amount. Answers with the present state when the payment is known, also when it has been voided since. */
  readonly authorize: (paymentId: string, amount: Money, method: string) => Promise<ProviderState>
  /** Takes what is held. */
  readonly capture: (paymentId: string) => Promise<ProviderState>
  /** Gives up what is held. A payment that the provider does not know yet can never be authorised afterwards. */
  readonly void: (paymentId: string) => Promise<ProviderState>
  /** Gives back what was taken. */
  readonly refund: (paymentId: string) => Promise<ProviderState>
}
