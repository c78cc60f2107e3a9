import { book } from './ledger.ts'
import type { Capture, DeclineReason, Intent, Payment, Refund } from './payment.ts'
import { planned } from './plan.ts'

/** What the provider says it did. Each fact stays true, so it may come late, twice, and after others. */
export interface ProviderFacts {
  /** What the provider calls the payment. */
  readonly ref?: string
  /** Missing where the provider has decided nothing yet, or did not say. */
  readonly authorization?: 'held' | 'declined' | 'closed'
  readonly declineReason?: DeclineReason
  /** Captures that were made, by the ids that we gave them. */
  readonly captures: readonly { readonly id: string; readonly amountMinor: number }[]
  readonly refunds: readonly {
    readonly id: string
    readonly amountMinor: number
    readonly state: 'pending' | 'succeeded' | 'failed'
    readonly failure?: string
  }[]
}

/** A whole payment as the provider keeps it. */
export interface ProviderRecord extends ProviderFacts {
  readonly paymentId: string
  readonly authorizedMinor: number
  readonly capturedMinor: number
  readonly refundedMinor: number
  readonly currency: string
}

/**
 * Learns what the provider says. The same object comes back when nothing of it is new, so a repeated answer books nothing.
 * Captures and refunds that nobody here asked for are not taken over: the reconciliation names them.
 */
export function learn(payment: Payment, facts: ProviderFacts, now: Date): Payment {
  const named =
    facts.ref === undefined || payment.providerRef !== undefined ? payment : { ...payment, providerRef: facts.ref }
  const authorized = withAuthorization(named, facts)
  const captured = facts.captures.reduce(
    (before, { id, amountMinor }) => withCapture(before, id, amountMinor, now),
    authorized,
  )
  const learned = facts.refunds.reduce((before, refund) => withRefund(before, refund, now), captured)
  return learned === payment ? payment : planned(learned, now)
}

function withAuthorization(payment: Payment, { authorization, declineReason }: ProviderFacts): Payment {
  const { authorization: known } = payment
  if (authorization === undefined) return payment
  switch (authorization) {
    case 'held':
      return known === 'none' ? { ...payment, authorization } : payment
    case 'declined':
      if (known !== 'none') return payment
      return { ...payment, authorization, declineReason: declineReason ?? 'payment_declined' }
    case 'closed':
      return known === 'none' || known === 'held' ? { ...payment, authorization } : payment
  }
}

const replaced = <T extends { id: string }>(items: readonly T[], item: T): T[] =>
  items.map((one) => (one.id === item.id ? item : one))

function withCapture(payment: Payment, id: string, amountMinor: number, now: Date): Payment {
  const capture = payment.captures.find((one) => one.id === id)
  if (capture === undefined || capture.state === 'captured') return payment
  const { failure: _failure, ...rest } = capture
  const captured: Capture = { ...rest, amountMinor, state: 'captured' }
  return {
    ...payment,
    captures: replaced(payment.captures, captured),
    capturedMinor: payment.capturedMinor + amountMinor,
    ledger: book(payment.ledger, 'capture', id, amountMinor, now),
  }
}

const refundRank: Readonly<Record<Refund['state'], number>> = { wanted: 0, pending: 1, succeeded: 2, failed: 3 }

/** A refund that succeeded may still come back as failed, days later: then its money is with the provider again. */
function withRefund(payment: Payment, { id, state, failure }: ProviderFacts['refunds'][number], now: Date): Payment {
  const refund = payment.refunds.find((one) => one.id === id)
  if (refund === undefined || refundRank[state] <= refundRank[refund.state]) return payment
  const next: Refund = { ...refund, state, ...(failure !== undefined && { failure }) }
  const refunds = replaced(payment.refunds, next)
  const { amountMinor } = refund
  if (state === 'succeeded') {
    const ledger = book(payment.ledger, 'refund', id, -amountMinor, now)
    return { ...payment, refunds, ledger, refundedMinor: payment.refundedMinor + amountMinor }
  }
  if (refund.state !== 'succeeded') return { ...payment, refunds }
  const ledger = book(payment.ledger, 'refund_failed', id, amountMinor, now)
  return { ...payment, refunds, ledger, refundedMinor: payment.refundedMinor - amountMinor }
}

/** The provider will never do what the intent asks for. The same object comes back when that was settled otherwise meanwhile. */
export function refuse(payment: Payment, intent: Intent, failure: string, now: Date): Payment {
  switch (intent.kind) {
    case 'authorize':
      return learn(payment, { authorization: 'declined', captures: [], refunds: [] }, now)
    case 'capture': {
      const capture = payment.captures.find(({ id, state }) => id === intent.id && state === 'wanted')
      if (capture === undefined) return payment
      const captures = replaced(payment.captures, { ...capture, state: 'refused', failure })
      return planned({ ...payment, captures }, now)
    }
    case 'refund': {
      const refund = payment.refunds.find(({ id, state }) => id === intent.id && state === 'wanted')
      if (refund === undefined) return payment
      return planned({ ...payment, refunds: replaced(payment.refunds, { ...refund, state: 'failed', failure }) }, now)
    }
    case 'void':
      return payment
  }
}
