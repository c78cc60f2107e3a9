/** An amount in minor units of a currency. */
export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

export type PaymentStatus = 'authorizing' | 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded'

/** What the order wants of its payment. It only ever goes on: a cancelled order never wants its money again. */
export type Wish = 'authorized' | 'captured' | 'cancelled'

export type DeclineReason = 'payment_declined' | 'insufficient_funds'

/** One side of a booking; what leaves one account comes to another, so a payment's entries sum to zero. */
export interface LedgerEntry {
  readonly at: Date
  readonly account: 'provider' | 'order'
  readonly amountMinor: number
  readonly reason: 'capture' | 'refund'
}

/**
 * The one payment of an order. The wish is written before the provider is asked, so a crash in between is found and
 * carried on; the status says what the provider has confirmed.
 */
export interface Payment {
  readonly id: string
  readonly orderId: string
  readonly status: PaymentStatus
  readonly wish: Wish
  /** Missing only where a cancellation came before its order. */
  readonly amount?: Money
  readonly method?: string
  readonly capturedMinor: number
  readonly refundedMinor: number
  readonly declineReason?: DeclineReason
  readonly ledger: readonly LedgerEntry[]
  /** When the sweeper carries on; missing while wish and status agree. */
  readonly dueAt?: Date
}

/** One payment per order: its id is the order's with another prefix. */
export const paymentIdOf = (orderId: string): string => orderId.replace(/^ord_/, 'pay_')

/** How long a wish may stay unfulfilled before the sweeper asks the provider again. */
const retryMs = 10_000

export const createPayment = (orderId: string, amount: Money, method: string, now: Date): Payment =>
  scheduled(
    {
      id: paymentIdOf(orderId),
      orderId,
      status: 'authorizing',
      wish: 'authorized',
      amount,
      method,
      capturedMinor: 0,
      refundedMinor: 0,
      ledger: [],
    },
    now,
  )

/** A cancellation that came before its order: nothing was authorised, and nothing ever will be. */
export const tombstone = (orderId: string): Payment => ({
  id: paymentIdOf(orderId),
  orderId,
  status: 'voided',
  wish: 'cancelled',
  capturedMinor: 0,
  refundedMinor: 0,
  ledger: [],
})

const rank: Readonly<Record<Wish, number>> = { authorized: 0, captured: 1, cancelled: 2 }

/** Takes note of what the order wants now. The same object comes back when it wants nothing new. */
export const wishFor = (payment: Payment, wish: Wish, now: Date): Payment =>
  rank[wish] > rank[payment.wish] ? scheduled({ ...payment, wish }, now) : payment

/** What the provider is to be asked next; undefined when the payment is where its order wants it. */
export function nextStep({ status, wish }: Payment): 'authorize' | 'capture' | 'void' | 'refund' | undefined {
  switch (status) {
    case 'authorizing':
      return wish === 'cancelled' ? 'void' : 'authorize'
    case 'authorized':
      if (wish === 'captured') return 'capture'
      return wish === 'cancelled' ? 'void' : undefined
    case 'captured':
      return wish === 'cancelled' ? 'refund' : undefined
    case 'declined':
    case 'voided':
    case 'refunded':
      return undefined
  }
}

/** Lets the sweeper ask again later. The same object comes back when there is nothing to ask. */
export const postponed = (payment: Payment, now: Date): Payment =>
  nextStep(payment) === undefined ? payment : scheduled(payment, now)

/** What the provider says of a payment. `captured` may also come as the answer to a void that was too late. */
export type ProviderState =
  | { readonly state: 'authorized' }
  | { readonly state: 'declined'; readonly reason: DeclineReason }
  | { readonly state: 'captured' }
  | { readonly state: 'voided' }
  | { readonly state: 'refunded' }

/** Applies what the provider confirmed. The same object comes back when it is known, so a repeated answer books nothing. */
export function applyProviderState(payment: Payment, answer: ProviderState, now: Date): Payment {
  const amountMinor = payment.amount?.amountMinor ?? 0
  switch (answer.state) {
    case 'authorized':
      return payment.status === 'authorizing' ? scheduled({ ...payment, status: 'authorized' }, now) : payment
    case 'declined':
      if (payment.status !== 'authorizing') return payment
      return scheduled({ ...payment, status: 'declined', declineReason: answer.reason }, now)
    case 'captured': {
      if (payment.status !== 'authorizing' && payment.status !== 'authorized') return payment
      const ledger = book(payment, 'capture', amountMinor, now)
      return scheduled({ ...payment, status: 'captured', capturedMinor: amountMinor, ledger }, now)
    }
    case 'voided':
      if (payment.status !== 'authorizing' && payment.status !== 'authorized') return payment
      return scheduled({ ...payment, status: 'voided' }, now)
    case 'refunded': {
      if (payment.status !== 'captured') return payment
      const ledger = book(payment, 'refund', -amountMinor, now)
      return scheduled({ ...payment, status: 'refunded', refundedMinor: amountMinor, ledger }, now)
    }
  }
}

const book = (payment: Payment, reason: LedgerEntry['reason'], amountMinor: number, at: Date): LedgerEntry[] => [
  ...payment.ledger,
  { at, account: 'provider', amountMinor, reason },
  { at, account: 'order', amountMinor: -amountMinor, reason },
]

function scheduled({ dueAt: _dueAt, ...payment }: Payment, now: Date): Payment {
  return nextStep(payment) === undefined ? payment : { ...payment, dueAt: new Date(now.getTime() + retryMs) }
}
