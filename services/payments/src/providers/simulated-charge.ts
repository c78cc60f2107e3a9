import type { DeclineReason } from '../domain/payment.ts'
import type { ProviderRecord } from '../domain/provider-facts.ts'
import type { PaymentPart, PaymentTarget } from './payment-provider.ts'

/**
 * One charge in the simulated provider's own ledger. It knows nothing of orders, and judges every call itself: what it
 * refuses would have been a mistake of ours.
 */
export interface SimulatedCharge {
  /** The payment's. */
  readonly id: string
  /** `authorized` while anything is held; `captured` when something was taken, `refunded` when all of that went back. */
  readonly state: 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded'
  readonly reason?: DeclineReason
  readonly amountMinor: number
  readonly currency: string
  readonly method: string
  /** What was taken and given back so far, how often, and by which ids. */
  readonly captures: number
  readonly capturedMinor: number
  readonly capturedParts: readonly PaymentPart[]
  readonly refunds: number
  readonly refundedMinor: number
  readonly refundedParts: readonly PaymentPart[]
}

/** What a call makes of a charge: the same charge when it was made before, or why it is refused for good. */
export type Judgement = SimulatedCharge | { readonly refusal: string }

export const newCharge = (
  { paymentId, amount, method }: PaymentTarget,
  state: SimulatedCharge['state'],
): SimulatedCharge => ({
  id: paymentId,
  state,
  amountMinor: amount.amountMinor,
  currency: amount.currency,
  method,
  captures: 0,
  capturedMinor: 0,
  capturedParts: [],
  refunds: 0,
  refundedMinor: 0,
  refundedParts: [],
})

export function captureCharge(charge: SimulatedCharge, { id, amountMinor }: PaymentPart, isFinal: boolean): Judgement {
  if (charge.capturedParts.some((part) => part.id === id)) return charge
  if (charge.state !== 'authorized') return { refusal: `the charge is ${charge.state}` }
  const capturedMinor = charge.capturedMinor + amountMinor
  if (capturedMinor > charge.amountMinor) return { refusal: 'more than is held' }
  return {
    ...charge,
    state: isFinal || capturedMinor === charge.amountMinor ? 'captured' : 'authorized',
    captures: charge.captures + 1,
    capturedMinor,
    capturedParts: [...charge.capturedParts, { id, amountMinor }],
  }
}

/** Gives up what is held, where anything is. */
export function voidCharge(charge: SimulatedCharge): SimulatedCharge {
  if (charge.state !== 'authorized') return charge
  if (charge.capturedMinor === 0) return { ...charge, state: 'voided' }
  return { ...charge, state: charge.refundedMinor === charge.capturedMinor ? 'refunded' : 'captured' }
}

export function refundCharge(charge: SimulatedCharge, { id, amountMinor }: PaymentPart): Judgement {
  if (charge.refundedParts.some((part) => part.id === id)) return charge
  const refundedMinor = charge.refundedMinor + amountMinor
  if (refundedMinor > charge.capturedMinor) return { refusal: 'more than was captured' }
  const isBack = charge.state === 'captured' && refundedMinor === charge.capturedMinor
  return {
    ...charge,
    state: isBack ? 'refunded' : charge.state,
    refunds: charge.refunds + 1,
    refundedMinor,
    refundedParts: [...charge.refundedParts, { id, amountMinor }],
  }
}

const authorizationOf = {
  authorized: 'held',
  declined: 'declined',
  captured: 'closed',
  voided: 'closed',
  refunded: 'closed',
} as const

export function recordOf(charge: SimulatedCharge): ProviderRecord {
  const { id: paymentId, state, reason, amountMinor, currency, capturedMinor, refundedMinor } = charge
  return {
    paymentId,
    authorization: authorizationOf[state],
    ...(reason !== undefined && { declineReason: reason }),
    captures: charge.capturedParts,
    refunds: charge.refundedParts.map((part) => ({ ...part, state: 'succeeded' as const })),
    authorizedMinor: amountMinor,
    capturedMinor,
    refundedMinor,
    currency,
  }
}
