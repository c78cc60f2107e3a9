import { defineError } from '@tradewind/service-kit/errors'
import type { Money } from '../domain/payment.ts'
import type { ProviderFacts, ProviderRecord } from '../domain/provider-facts.ts'

/** The provider did not answer, or answered with a fault of its own: what it did is unknown. */
export const ProviderUnclear = defineError(
  'PAYMENTS_PROVIDER_UNCLEAR',
  'unavailable',
  'The payment provider did not answer clearly. It is asked again.',
)

/** The provider answered that it will not do this, now or later. Nothing happened. `details.reason` says why. */
export const ProviderRefused = defineError(
  'PAYMENTS_PROVIDER_REFUSED',
  'unprocessable',
  'The payment provider refused this for good.',
)

/** A webhook that the provider did not sign, or signed too long ago. */
export const WebhookForged = defineError(
  'PAYMENTS_WEBHOOK_FORGED',
  'invalid',
  'The signature does not belong to this body, or is too old.',
)

/** A payment as it is named on both sides. */
export interface PaymentTarget {
  readonly paymentId: string
  readonly orderId: string
  readonly amount: Money
  readonly method: string
  /** What the provider calls it, once that is known. */
  readonly ref?: string
}

/** A part of a payment. Its id names it for good, so that repeating the call has no second effect. */
export interface PaymentPart {
  readonly id: string
  readonly amountMinor: number
}

/** What a verified webhook points at. It is a hint to ask, never a fact. */
export interface WebhookHint {
  readonly eventId: string
  readonly paymentId?: string
  readonly ref?: string
}

export interface ProviderPage {
  readonly items: readonly ProviderRecord[]
  /** Where the next page begins; missing after the last one. */
  readonly next?: string
}

/**
 * What Tradewind needs of a payment provider. Every call carries names of ours as its idempotency key: repeating it has no
 * second effect. Each throws `ProviderUnclear` when the outcome is not known; then the provider is asked what it knows, and
 * the call is repeated.
 */
export interface PaymentProvider {
  readonly name: string
  /** Holds the amount. Answers with the present state when the payment is known, also when it has been voided since. */
  readonly authorize: (target: PaymentTarget) => Promise<ProviderFacts>
  /** Takes a part of what is held, and with `isFinal` gives up the rest. Throws `ProviderRefused`. */
  readonly capture: (target: PaymentTarget, part: PaymentPart, isFinal: boolean) => Promise<ProviderFacts>
  /** Gives up what is still held. A payment that the provider does not know yet can never be authorised afterwards. */
  readonly void: (target: PaymentTarget) => Promise<ProviderFacts>
  /** Gives back a part of what was taken. Throws `ProviderRefused`. */
  readonly refund: (target: PaymentTarget, part: PaymentPart) => Promise<ProviderFacts>
  /** All that the provider knows of a payment; undefined when it knows nothing. */
  readonly lookUp: (target: PaymentTarget) => Promise<ProviderRecord | undefined>
  /** The payments that the provider has of ours, at least those that began since a time, a page at a time. */
  readonly list: (from: Date, after: string | undefined) => Promise<ProviderPage>
  /** Checks the signature over the bytes as they came. Throws `WebhookForged`. */
  readonly readWebhook: (body: Buffer, signature: string | undefined) => Promise<WebhookHint>
}
