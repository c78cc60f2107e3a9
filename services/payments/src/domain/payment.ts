import type { LedgerEntry } from './ledger.ts'

/** An amount in minor units of a currency. */
export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

export type PaymentStatus =
  | 'authorizing'
  | 'authorized'
  | 'partially_captured'
  | 'captured'
  | 'partially_refunded'
  | 'refunded'
  | 'declined'
  | 'voided'

/**
 * What the provider holds for us: nothing yet, something that may be captured, or nothing any more, because it was declined
 * or because all of it was captured, voided or released. It only ever goes on.
 */
export type Authorization = 'none' | 'held' | 'declined' | 'closed'

export type DeclineReason = 'payment_declined' | 'insufficient_funds'

/** Money that is to be taken, asked for once by its id. */
export interface Capture {
  readonly id: string
  /** Of a capture of all that is left: what that came to, and zero until it is known. */
  readonly amountMinor: number
  readonly isAll?: true
  /** Nothing else will be captured. */
  readonly isLast?: true
  /** What the order has asked for with this capture and those before it, some of which may still be on their way. */
  readonly askedMinor?: number
  /** `covered`: an earlier capture of everything took it along. */
  readonly state: 'wanted' | 'captured' | 'covered' | 'refused'
  /** Why it was refused. */
  readonly failure?: string
  /** The operator who asked; missing where the order did. */
  readonly requestedBy?: string
  readonly at: Date
}

/** Money that is to go back, asked for once by its id. */
export interface Refund {
  readonly id: string
  readonly amountMinor: number
  readonly reason: string
  /** True for what a cancellation gives back by itself. */
  readonly isRest?: true
  /** `pending`: the provider took it on and has not finished. */
  readonly state: 'wanted' | 'pending' | 'succeeded' | 'failed'
  readonly failure?: string
  readonly requestedBy?: string
  readonly at: Date
}

/** What the provider is being asked, written before it is asked. Repeating it has no second effect: each has a name of its own. */
export type Intent =
  | { readonly kind: 'authorize' }
  | { readonly kind: 'capture'; readonly id: string; readonly amountMinor: number; readonly isFinal: boolean }
  | { readonly kind: 'void' }
  | { readonly kind: 'refund'; readonly id: string; readonly amountMinor: number }

/**
 * The one payment of an order. What is wanted of it is kept as sets by id, so that neither repetition nor the order of
 * arrival matters; what is asked of the provider is written before it is asked, so that a crash in between is found and
 * carried on.
 */
export interface Payment {
  readonly id: string
  readonly orderId: string
  readonly status: PaymentStatus
  readonly authorization: Authorization
  /** Missing while only what follows the reservation of its order has arrived. */
  readonly amount?: Money
  readonly method?: string
  /** Whom it was begun with, and what they call it. */
  readonly provider?: string
  readonly providerRef?: string
  readonly captures: readonly Capture[]
  readonly refunds: readonly Refund[]
  readonly isCancelled: boolean
  /** The operator who gave up what is held, and the request for it. */
  readonly voidedBy?: string
  readonly voidId?: string
  readonly capturedMinor: number
  readonly refundedMinor: number
  readonly declineReason?: DeclineReason
  readonly ledger: readonly LedgerEntry[]
  readonly intent?: Intent
  /** When what is left of the authorisation is released, after the last capture. */
  readonly releaseAt?: Date
  /** When the sweeper looks at it again; missing while nothing is awaited. */
  readonly dueAt?: Date
}

/** One payment per order: its id is the order's with another prefix. */
export const paymentIdOf = (orderId: string): string => orderId.replace(/^ord_/, 'pay_')
/** The capture of everything that a confirmation asks for. */
export const captureAllIdOf = (orderId: string): string => orderId.replace(/^ord_/, 'cap_')
/** What a cancellation gives back. */
export const restRefundIdOf = (orderId: string): string => orderId.replace(/^ord_/, 'ref_')

/** Captures of one payment. Card networks and providers take up to 50. */
export const maxCaptures = 45
export const maxRefunds = 100

/** A payment of which nothing is known but its order. */
export const blankPayment = (orderId: string): Payment => ({
  id: paymentIdOf(orderId),
  orderId,
  status: 'authorizing',
  authorization: 'none',
  captures: [],
  refunds: [],
  isCancelled: false,
  capturedMinor: 0,
  refundedMinor: 0,
  ledger: [],
})

const authorizedMinorOf = ({ amount }: Payment): number => amount?.amountMinor ?? 0

/** What may still be captured. */
export const capturableMinor = (payment: Payment): number =>
  payment.authorization === 'held' ? authorizedMinorOf(payment) - payment.capturedMinor : 0

/** What has gone back, is on its way back, or is being asked for. */
const givenBackMinor = ({ refunds, intent }: Payment): number =>
  refunds
    .filter(
      ({ id, state }) =>
        state === 'succeeded' ||
        state === 'pending' ||
        (intent?.kind === 'refund' && intent.id === id && state === 'wanted'),
    )
    .reduce((sum, { amountMinor }) => sum + amountMinor, 0)

/** What may be given back now. */
export const refundableMinor = (payment: Payment): number => payment.capturedMinor - givenBackMinor(payment)

/** What may ever be given back, should all that is held be captured. */
export const everRefundableMinor = (payment: Payment): number =>
  (payment.authorization === 'closed' || payment.authorization === 'declined'
    ? payment.capturedMinor
    : authorizedMinorOf(payment)) - givenBackMinor(payment)

/** Orders that cost nothing are paid without a provider. */
export const isFree = ({ amount }: Payment): boolean => amount?.amountMinor === 0

/** Nothing is held or kept for the order, and nothing will be, without a last refund that would say so. */
export const isVoid = ({
  status,
  isCancelled,
  authorization,
  capturedMinor,
  refundedMinor,
  refunds,
}: Payment): boolean =>
  status === 'voided' ||
  (isCancelled &&
    authorization === 'closed' &&
    capturedMinor === refundedMinor &&
    !refunds.some(({ isRest }) => isRest === true))

/** How a payment stands, in one word. */
export function statusOf(payment: Payment): PaymentStatus {
  const { authorization, captures, capturedMinor, refundedMinor, isCancelled } = payment
  const isCaptured = capturedMinor > 0 || (isFree(payment) && captures.some(({ state }) => state === 'captured'))
  switch (authorization) {
    case 'none':
      return 'authorizing'
    case 'declined':
      return 'declined'
    case 'held':
      return isCaptured ? 'partially_captured' : 'authorized'
    case 'closed':
      if (!isCaptured || (isFree(payment) && isCancelled)) return 'voided'
      if (refundedMinor === 0) return 'captured'
      return refundedMinor < capturedMinor ? 'partially_refunded' : 'refunded'
  }
}
