import { Stripe } from 'stripe'
import type { DeclineReason } from '../domain/payment.ts'
import { ProviderRefused, ProviderUnclear } from './payment-provider.ts'

/** A request that lost a race for the same object, or repeats one that is still under way, may be repeated. */
const isInTheWay = ({ code, statusCode }: Stripe.errors.StripeError): boolean =>
  statusCode === 409 || code === 'lock_timeout'

/**
 * What an error of Stripe's library says of the request (docs.stripe.com/api/errors): a card error or an invalid request
 * had no effect and never will have one. Everything else, down to a key that was revoked, says nothing about the payment.
 */
export function failureOf(error: unknown, paymentId: string): unknown {
  if (!(error instanceof Stripe.errors.StripeError)) return error
  const { code, type, statusCode } = error
  const reason = code ?? type
  const isFinal =
    error instanceof Stripe.errors.StripeCardError || error instanceof Stripe.errors.StripeInvalidRequestError
  const details = { paymentId, reason, statusCode }
  return isFinal && !isInTheWay(error)
    ? ProviderRefused(details, { cause: error })
    : ProviderUnclear(details, { cause: error })
}

/** Why a card was declined, in our words. */
export function declineReasonOf(error: unknown): DeclineReason {
  const isShort = error instanceof Stripe.errors.StripeCardError && error.decline_code === 'insufficient_funds'
  return isShort ? 'insufficient_funds' : 'payment_declined'
}
