import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { defineError } from '@tradewind/service-kit/errors'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import { createReconciliation } from '../domain/reconciliation.ts'
import type { PaymentProvider } from '../providers/payment-provider.ts'
import type { ReconciliationRepository, StoredReconciliation } from '../store/reconciliation.repository.ts'
import type { RequestClaims } from '../store/request-claims.ts'

const TooManyRuns = defineError(
  'PAYMENTS_TOO_MANY_RECONCILIATIONS',
  'conflict',
  'So many comparisons have not come to their end. Wait until one has.',
)

interface Command {
  readonly from: Date | undefined
  readonly userId: string
  readonly idempotencyKey: string
}

/** Queues a comparison with the provider, once per caller and idempotency key. */
export type StartReconciliation = (
  command: Command,
) => Promise<{ readonly run: StoredReconciliation; readonly replayed: boolean }>
/** Queues the comparison of a day, once, when its hour has come. Any replica may run it, also at once. */
export type ScheduleReconciliation = () => Promise<boolean>

interface Ports {
  readonly reconciliations: ReconciliationRepository
  readonly claims: RequestClaims
  readonly provider: Pick<PaymentProvider, 'name'>
  readonly now: () => Date
}

const maxUnfinished = 5
/** A run looks back this far: longer than authorisations and most refunds last. */
const lookBackMs = 35 * 24 * 3600_000

export const makeStartReconciliation = (ports: Ports): StartReconciliation => {
  const { reconciliations, claims, provider, now } = ports
  return async ({ from, userId, idempotencyKey }) => {
    if (
      !(await claims.isClaimed(userId, idempotencyKey)) &&
      (await reconciliations.countUnfinished(maxUnfinished)) >= maxUnfinished
    )
      throw TooManyRuns()
    const request = JSON.stringify(['reconciliation', from?.toISOString() ?? null])
    const id = `rec_${await claims.claim(userId, idempotencyKey, request)}`
    const since = from ?? new Date(now().getTime() - lookBackMs)
    const run = createReconciliation({ id, provider: provider.name, from: since, requestedBy: userId }, now())
    return insertOnce(ports, run)
  }
}

export const makeScheduleReconciliation =
  (ports: Ports, hour: number | undefined): ScheduleReconciliation =>
  async () => {
    const at = ports.now()
    if (hour === undefined || at.getUTCHours() !== hour) return false
    const id = `rec_${fingerprint(`daily ${at.toISOString().slice(0, 10)}`).slice(0, 32)}`
    const from = new Date(at.getTime() - lookBackMs)
    const { replayed } = await insertOnce(ports, createReconciliation({ id, provider: ports.provider.name, from }, at))
    return !replayed
  }

async function insertOnce(
  { reconciliations }: Ports,
  run: ReturnType<typeof createReconciliation>,
): Promise<{ run: StoredReconciliation; replayed: boolean }> {
  const known = await reconciliations.find(run.id)
  if (known !== undefined) return { run: known, replayed: true }
  try {
    return { run: await reconciliations.insert(run), replayed: false }
  } catch (error) {
    const found = DuplicateKey.is(error) ? await reconciliations.find(run.id) : undefined
    if (found === undefined) throw error
    return { run: found, replayed: true }
  }
}
