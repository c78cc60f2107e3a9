import { createKeyring } from '@tradewind/service-kit/keyring'
import { createSeal } from '@tradewind/service-kit/sealing'
import type { Db } from 'mongodb'
import { createAuditRepository } from './audit.repository.ts'
import { createKnownNetworks } from './known-networks.ts'
import { loadSecret } from './secret.repository.ts'
import { createThrottles } from './throttles.ts'

/** The stores of the guard and of the audit log, with the key that pseudonyms are made with. */
export async function openGuard(db: Db, secretKeys: string, now: () => Date) {
  const throttles = createThrottles(db, now)
  const knownNetworks = createKnownNetworks(db, now)
  const seal = createSeal(createKeyring(secretKeys, 'tradewind auth pseudonyms'))
  return {
    throttles,
    knownNetworks,
    auditLog: createAuditRepository(db),
    pseudonymKey: await loadSecret(db, 'pseudonyms', seal, now),
    /** Writes what waits to be written; for the end of the process. */
    flush: async () => {
      await Promise.all([throttles.flush(), knownNetworks.flush()])
    },
  }
}
