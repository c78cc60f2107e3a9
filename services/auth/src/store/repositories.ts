import type { Db } from 'mongodb'
import { createAccountRepository } from './account.repository.ts'
import { createAccountEraser } from './account-eraser.ts'
import { createAdminRegister } from './admin-register.ts'
import { createApiKeyRepository } from './api-key.repository.ts'
import { createAuthorizationCodeRepository } from './authorization-code.repository.ts'
import { createCeremonyRepository } from './ceremony.repository.ts'
import { createClientRepository } from './client.repository.ts'
import { createAssertionRegister } from './client-assertion.register.ts'
import { createErasureRepository } from './erasure.repository.ts'
import { createKeyWithdrawals } from './key-withdrawals.ts'
import { createPersonExportRepository } from './person-export.repository.ts'
import { createSessionRepository } from './session.repository.ts'

/** Every collection of auth, and the outboxes of those that have news for others. */
export function createRepositories(db: Db, now: () => Date) {
  const accounts = createAccountRepository(db, now)
  const sessions = createSessionRepository(db, now)
  const apiKeys = createApiKeyRepository(db, now)
  const clients = createClientRepository(db, now)
  const erasures = createErasureRepository(db, now)
  const keyWithdrawals = createKeyWithdrawals(db, now)
  return {
    keyWithdrawals,
    erasures,
    personExports: createPersonExportRepository(db, now),
    eraser: createAccountEraser(db),
    accounts,
    sessions,
    apiKeys,
    clients,
    admins: createAdminRegister(db),
    ceremonies: createCeremonyRepository(db, now),
    codes: createAuthorizationCodeRepository(db, now),
    assertions: createAssertionRegister(db),
    outboxes: [
      accounts.outbox,
      sessions.outbox,
      apiKeys.outbox,
      clients.outbox,
      erasures.outbox,
      keyWithdrawals.outbox,
    ],
  }
}
