import { ReconciliationMismatchV1 } from '@tradewind/contracts/payments'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import {
  advanceRun,
  claimRun,
  completeRun,
  type Difference,
  figuresOf,
  ReconciliationLost,
  type RunAdvance,
  releaseRun,
} from '../domain/reconciliation.ts'
import { type PaymentProvider, ProviderUnclear } from '../providers/payment-provider.ts'
import type { DifferenceRepository } from '../store/difference.repository.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { ReconciliationRepository, StoredReconciliation } from '../store/reconciliation.repository.ts'
import type { ComparePayment } from './compare-payment.ts'

export interface RunReconciliations {
  /** Carries out what waits. Any replica may run it, also at once, and carries on where another one stopped. */
  readonly run: () => Promise<number>
  /** Lets the run under way be given back at its next batch. */
  readonly stop: () => void
}

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly reconciliations: ReconciliationRepository
  readonly differences: DifferenceRepository
  readonly compare: ComparePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const runsAtOnce = 5
/** Payments between two notes of how far a run is: all that is ever in memory, and asked of the provider at once. */
const batch = 20
const retryMs = 30_000

/** Ids begin with the milliseconds of their making, so this is before every payment that was begun then or later. */
const idBefore = (from: Date): string => `pay_${from.getTime().toString(16).padStart(12, '0')}`

export const makeRunReconciliations = (ports: Ports): RunReconciliations => {
  const { payments, provider, reconciliations, differences, compare, now, newId } = ports
  let isStopping = false

  async function claim(id: string): Promise<StoredReconciliation | undefined> {
    let isMine = false
    const saved = await reconciliations.upsert(id, (found) => {
      if (found === undefined) return unchanged()
      const after = claimRun(found, now())
      isMine = after !== found
      return isMine ? changed(after) : unchanged()
    })
    return isMine && saved?.status === 'running' ? saved : undefined
  }

  /** Writes a difference and its event together, once per run, whoever finds it again after a crash. */
  async function note(runId: string, difference: Difference): Promise<void> {
    const event = ReconciliationMismatchV1.create(newId('evt'), { reconciliationId: runId, ...difference })
    try {
      await differences.insert({ id: `${runId}:${difference.paymentId}`, runId, ...difference }, event)
    } catch (error) {
      if (!DuplicateKey.is(error)) throw error
    }
  }

  /** The next batch, and whether it was the last one. */
  async function step(run: StoredReconciliation): Promise<{ advance: RunAdvance; isEnd: boolean }> {
    const { id, phase, cursor, checked, from } = run
    if (phase === 'ours') {
      const page = await payments.pageAfter(cursor ?? idBefore(from), batch)
      const found = (await Promise.all(page.map(compare))).filter((one) => one !== undefined)
      for (const difference of found) await note(id, difference)
      const progress = { checked: checked + page.length, differences: run.differences + found.length }
      const isThrough = page.length < batch
      const next = isThrough ? { phase: 'theirs' as const, cursor: undefined } : { phase, cursor: page.at(-1)?.id }
      return { advance: { ...progress, ...next }, isEnd: false }
    }
    const { items, next } = await provider.list(from, cursor)
    const recent = items.filter(({ paymentId }) => paymentId > idBefore(from))
    const known = await payments.known(recent.map(({ paymentId }) => paymentId))
    const missing = recent.filter(({ paymentId }) => !known.has(paymentId))
    for (const record of missing) {
      await note(id, { paymentId: record.paymentId, kind: 'missing_here', ours: null, theirs: figuresOf(record) })
    }
    const advance = { phase, cursor: next, checked, differences: run.differences + missing.length }
    return { advance, isEnd: next === undefined }
  }

  async function carryOut(claimed: StoredReconciliation): Promise<void> {
    const { id, attempt } = claimed
    let run = claimed
    while (!isStopping && run.status === 'running') {
      const { advance, isEnd } = await step(run)
      run = await reconciliations.update(id, (found) => {
        const further = advanceRun(found, attempt, advance, now())
        return changed(isEnd ? completeRun(further, attempt, now()) : further)
      })
    }
    if (run.status === 'running') {
      await reconciliations.update(id, (found) => changed(releaseRun(found, attempt, now())))
    }
  }

  return {
    run: async () => {
      let count = 0
      for (const id of await reconciliations.dueBefore(now(), runsAtOnce)) {
        if (isStopping) break
        const run = await claim(id)
        if (run === undefined) continue
        count += 1
        try {
          await carryOut(run)
        } catch (error) {
          if (ReconciliationLost.is(error)) continue
          // The provider may answer again in a while; anything else the next worker meets when the lease is up.
          if (!ProviderUnclear.is(error)) throw error
          const dueAt = new Date(now().getTime() + retryMs)
          await reconciliations.update(id, (found) => changed(releaseRun(found, run.attempt, dueAt)))
        }
      }
      return count
    },
    stop: () => {
      isStopping = true
    },
  }
}
