import { defineError } from '@tradewind/service-kit/errors'
import type { Authorization, Payment } from './payment.ts'
import type { ProviderRecord } from './provider-facts.ts'

/** One comparison of our payments with the provider's, carried out by one worker at a time and carried on by the next. */
export interface Reconciliation {
  readonly id: string
  readonly status: 'queued' | 'running' | 'completed' | 'failed'
  readonly provider: string
  /** Only payments that began at this time or later. */
  readonly from: Date
  /** First every payment of ours is looked up there, then every payment of theirs here. */
  readonly phase: 'ours' | 'theirs'
  /** The last payment, or the provider's last page, that is done. */
  readonly cursor?: string
  readonly checked: number
  readonly differences: number
  /** Counts the workers that took it; what an earlier one still wants to write is refused. */
  readonly attempt: number
  /** Attempts since it last came further. */
  readonly stalls: number
  readonly requestedBy?: string
  readonly failure?: string
  /** When the next worker may take it: at once while queued, when the lease is up while it runs; missing at its end. */
  readonly dueAt?: Date
  readonly finishedAt?: Date
}

export const ReconciliationNotFound = defineError(
  'PAYMENTS_RECONCILIATION_NOT_FOUND',
  'not-found',
  'There is no such comparison.',
)
/** Raised in a worker whose run is another's by now. Clients never see it. */
export const ReconciliationLost = defineError(
  'PAYMENTS_RECONCILIATION_LOST',
  'conflict',
  'The comparison is not this worker’s any more.',
)

/** How long a worker may be silent before another takes over. */
export const leaseMs = 120_000
/** Attempts without coming any further, after which a run is given up. */
const maxStalls = 20

export const createReconciliation = (
  run: Pick<Reconciliation, 'id' | 'provider' | 'from'> & { readonly requestedBy?: string },
  now: Date,
): Reconciliation => ({
  ...run,
  status: 'queued',
  phase: 'ours',
  checked: 0,
  differences: 0,
  attempt: 0,
  stalls: 0,
  dueAt: now,
})

/** Gives the run to a worker. The same object comes back when it is not to be had, an ended one when it is given up. */
export function claimRun(run: Reconciliation, now: Date): Reconciliation {
  if (run.dueAt === undefined || run.dueAt > now) return run
  if (run.stalls >= maxStalls) {
    const { dueAt: _dueAt, ...rest } = run
    return { ...rest, status: 'failed', failure: `taken up ${maxStalls} times without coming further`, finishedAt: now }
  }
  const dueAt = new Date(now.getTime() + leaseMs)
  return { ...run, status: 'running', attempt: run.attempt + 1, stalls: run.stalls + 1, dueAt }
}

export type RunAdvance = Pick<Reconciliation, 'phase' | 'checked' | 'differences'> & {
  readonly cursor: string | undefined
}

/** Notes how far it is and renews the lease. Throws `ReconciliationLost`. */
export function advanceRun(run: Reconciliation, attempt: number, advance: RunAdvance, now: Date): Reconciliation {
  requireOwn(run, attempt)
  const { cursor: _cursor, ...rest } = run
  const { cursor, ...progress } = advance
  const dueAt = new Date(now.getTime() + leaseMs)
  return { ...rest, ...progress, ...(cursor !== undefined && { cursor }), stalls: 0, dueAt }
}

/** Throws `ReconciliationLost`. */
export function completeRun(run: Reconciliation, attempt: number, now: Date): Reconciliation {
  requireOwn(run, attempt)
  const { dueAt: _dueAt, cursor: _cursor, ...rest } = run
  return { ...rest, status: 'completed', finishedAt: now }
}

/** Gives it back for the next worker, after a while. Throws `ReconciliationLost`. */
export function releaseRun(run: Reconciliation, attempt: number, dueAt: Date): Reconciliation {
  requireOwn(run, attempt)
  return { ...run, status: 'queued', dueAt }
}

function requireOwn(run: Reconciliation, attempt: number): void {
  if (run.status !== 'running' || run.attempt !== attempt) throw ReconciliationLost({ id: run.id, attempt })
}

export interface PaymentFigures {
  readonly state: Authorization
  readonly authorizedMinor: number
  readonly capturedMinor: number
  readonly refundedMinor: number
  readonly currency: string
}

/** A payment that stands otherwise with the provider than here. */
export interface Difference {
  readonly paymentId: string
  readonly kind: 'missing_at_provider' | 'missing_here' | 'amounts_differ' | 'state_differs'
  readonly ours: PaymentFigures | null
  readonly theirs: PaymentFigures | null
}

export const figuresOf = ({
  authorization,
  authorizedMinor,
  capturedMinor,
  refundedMinor,
  currency,
}: ProviderRecord): PaymentFigures => ({
  state: authorization ?? 'none',
  authorizedMinor,
  capturedMinor,
  refundedMinor,
  currency,
})

/** How a payment differs from what the provider knows of it. Undefined when it does not, or never concerned the provider. */
export function differenceOf(payment: Payment, record: ProviderRecord | undefined): Difference | undefined {
  const { id: paymentId, authorization, amount, capturedMinor, refundedMinor } = payment
  if (amount === undefined || amount.amountMinor === 0) return undefined
  const ours: PaymentFigures = {
    state: authorization,
    authorizedMinor: amount.amountMinor,
    capturedMinor,
    refundedMinor,
    currency: amount.currency,
  }
  if (record === undefined) {
    const concerned = authorization === 'held' || capturedMinor > 0
    return concerned ? { paymentId, kind: 'missing_at_provider', ours, theirs: null } : undefined
  }
  const theirs = figuresOf(record)
  const isGivenUp = authorization === 'closed' && capturedMinor === 0
  const amountsDiffer =
    ours.capturedMinor !== theirs.capturedMinor ||
    ours.refundedMinor !== theirs.refundedMinor ||
    // Of a payment that was given up before it began, the provider may know less.
    (!isGivenUp && (ours.authorizedMinor !== theirs.authorizedMinor || ours.currency !== theirs.currency))
  if (amountsDiffer) return { paymentId, kind: 'amounts_differ', ours, theirs }
  return ours.state === theirs.state ? undefined : { paymentId, kind: 'state_differs', ours, theirs }
}
