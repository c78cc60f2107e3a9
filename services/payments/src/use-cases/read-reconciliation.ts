import { ReconciliationNotFound } from '../domain/reconciliation.ts'
import type { ReconciliationRepository, StoredReconciliation } from '../store/reconciliation.repository.ts'

/** Throws `ReconciliationNotFound`. */
export type ReadReconciliation = (id: string) => Promise<StoredReconciliation>

export const makeReadReconciliation =
  ({ reconciliations }: { readonly reconciliations: ReconciliationRepository }): ReadReconciliation =>
  async (id) => {
    const run = await reconciliations.find(id)
    if (run === undefined) throw ReconciliationNotFound({ id })
    return run
  }
