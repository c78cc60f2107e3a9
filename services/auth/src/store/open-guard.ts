import { createKeyring } from '@tradewind/service-kit/keyring'
import { createSeal } from '@tradewind/service-kit/sealing'
import type { Db } from 'mongodb'
import { createAuditRepository } from './audit.repository.ts'
import { createKnownNetworks } from './known-networks.ts'
import { loadSecret } from './secret.repository.ts'
import { createThrottles } from './throttles.ts'

/** The stores of the guard and of the audit log, with the key that pseudonyms are made with. */
export const openGuard = async (db: Db, secretKeys: string, now: () => Date) => ({
  throttles: createThrottles(db, now),
  knownNetworks: createKnownNetworks(db, now),
  auditLog: createAuditRepository(db),
  pseudonymKey: await loadSecret(
    db,
    'pseudonyms',
    createSeal(createKeyring(secretKeys, 'tradewind auth pseudonyms')),
    now,
  ),
})
