import type Stripe from 'stripe'
import type { DeclineReason } from '../domain/payment.ts'
import type { ProviderFacts, ProviderRecord } from '../domain/provider-facts.ts'

/** Under which keys our ids are on Stripe's objects; each capture's id is a key of its own, with its amount. */
export const metadataKeys = { payment: 'payment_id', order: 'order_id', refund: 'refund_id' } as const

const captureKey = /^(cap|ful)_[0-9a-f]{32}$/

const capturesOf = ({ metadata }: Stripe.PaymentIntent): ProviderFacts['captures'] =>
  Object.entries(metadata)
    .filter(([key]) => captureKey.test(key))
    .map(([id, amount]) => ({ id, amountMinor: Number(amount) }))

/**
 * What a PaymentIntent's status says of the money. Ours are confirmed once, right after they are made: one that asks for
 * another payment method was declined; one that was not confirmed yet has decided nothing.
 */
function authorizationOf({ status, last_payment_error: fault }: Stripe.PaymentIntent): ProviderFacts['authorization'] {
  switch (status) {
    case 'requires_capture':
      return 'held'
    case 'succeeded':
    case 'canceled':
      return 'closed'
    case 'requires_action':
      return 'declined'
    case 'requires_payment_method':
      return fault === null ? undefined : 'declined'
    case 'requires_confirmation':
    case 'processing':
    default:
      return undefined
  }
}

const declineReasonIn = ({ last_payment_error: fault }: Stripe.PaymentIntent): DeclineReason =>
  fault?.decline_code === 'insufficient_funds' ? 'insufficient_funds' : 'payment_declined'

/** What a PaymentIntent tells by itself. */
export function factsOf(intent: Stripe.PaymentIntent): ProviderFacts {
  const authorization = authorizationOf(intent)
  return {
    ref: intent.id,
    ...(authorization !== undefined && { authorization }),
    ...(authorization === 'declined' && { declineReason: declineReasonIn(intent) }),
    captures: capturesOf(intent),
    refunds: [],
  }
}

/** A refund as we know it; undefined for one that was made by hand at Stripe. */
export function refundFactOf(refund: Stripe.Refund): ProviderFacts['refunds'][number] | undefined {
  const id = refund.metadata?.[metadataKeys.refund]
  if (id === undefined) return undefined
  const { amount: amountMinor, status, failure_reason: failure } = refund
  if (status === 'succeeded') return { id, amountMinor, state: 'succeeded' }
  if (status === 'failed' || status === 'canceled')
    return { id, amountMinor, state: 'failed', failure: failure ?? status }
  return { id, amountMinor, state: 'pending' }
}

/** The whole of a payment, with all refunds that were made of it, also by hand. */
export function recordOf(intent: Stripe.PaymentIntent, refunds: readonly Stripe.Refund[]): ProviderRecord {
  const given = refunds.filter(({ status }) => status === 'succeeded')
  return {
    ...factsOf(intent),
    paymentId: intent.metadata[metadataKeys.payment] ?? '',
    refunds: refunds.map(refundFactOf).filter((refund) => refund !== undefined),
    authorizedMinor: intent.amount,
    capturedMinor: intent.amount_received,
    refundedMinor: given.reduce((sum, { amount }) => sum + amount, 0),
    currency: intent.currency.toUpperCase(),
  }
}

/** What was given back of a PaymentIntent whose latest charge is shown with it. */
export function refundedOf({ latest_charge: charge }: Stripe.PaymentIntent): number {
  return charge === null || typeof charge === 'string' ? 0 : charge.amount_refunded
}

/** True where the card network takes more than one capture of this authorisation. */
export function canCaptureAgain({ latest_charge: charge }: Stripe.PaymentIntent): boolean {
  if (charge === null || typeof charge === 'string') return false
  return charge.payment_method_details?.card?.multicapture?.status === 'available'
}
