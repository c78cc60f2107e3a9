import type { DifferenceRepository } from '../store/difference.repository.ts'
import type { ReconciliationRepository } from '../store/reconciliation.repository.ts'
import type { RequestClaims } from '../store/request-claims.ts'
import type { WebhookEvents } from '../store/webhook-events.ts'

/** Removes what has served its time. Any replica may run it, also at once. Returns how much it removed. */
export type ForgetOldRecords = () => Promise<number>

interface Ports {
  readonly webhookEvents: WebhookEvents
  readonly claims: RequestClaims
  readonly reconciliations: ReconciliationRepository
  readonly differences: DifferenceRepository
  readonly now: () => Date
}

const dayMs = 24 * 3600_000
/** Stripe sends a webhook again for three days; forgetting one that comes later still costs a question, no more. */
const webhooksLastMs = 7 * dayMs
/** Idempotency keys are kept for 24 hours at least. */
const claimsLastMs = 2 * dayMs
const runsLastMs = 90 * dayMs
const batch = 100

export const makeForgetOldRecords =
  ({ webhookEvents, claims, reconciliations, differences, now }: Ports): ForgetOldRecords =>
  async () => {
    const ago = (ms: number) => new Date(now().getTime() - ms)
    const events = await webhookEvents.forgetBefore(ago(webhooksLastMs))
    const keys = await claims.forgetBefore(ago(claimsLastMs))
    const runs = await reconciliations.finishedBefore(ago(runsLastMs), batch)
    for (const id of runs) {
      await differences.removeAll(id)
      await reconciliations.remove(id)
    }
    return events + keys + runs.length
  }
