import type { ApiKeyRepository } from '../store/api-key.repository.ts'
import type { AuthorizationCodeRepository } from '../store/authorization-code.repository.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { AssertionRegister } from '../store/client-assertion.register.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/** Removes what ended so long ago that nobody will ask for it. Safe to run in every replica. */
export type PurgeEnded = () => Promise<void>

interface Ports {
  readonly sessions: SessionRepository
  readonly apiKeys: ApiKeyRepository
  readonly ceremonies: CeremonyRepository
  readonly codes: AuthorizationCodeRepository
  readonly assertions: AssertionRegister
  readonly now: () => Date
}

/** Removed at once; the rest waits for the next round. */
const batch = 1000

export const makePurgeEnded =
  ({ sessions, apiKeys, ceremonies, codes, assertions, now }: Ports): PurgeEnded =>
  async () => {
    const at = now()
    for (const store of [sessions, apiKeys, ceremonies, codes]) await store.purge(at, batch)
    await assertions.purge(at)
  }
