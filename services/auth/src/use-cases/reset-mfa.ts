import { changed } from '@tradewind/database/decision'
import { withoutSecondFactors } from '../domain/account-changes.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import type { WriteLetter } from './write-letter.ts'

/**
 * Takes code generator, recovery codes and passkeys away from somebody who lost them, and ends the sessions, which whoever
 * found them may have opened. The owner hears of it by mail. Safe to repeat. Throws `AggregateNotFound`.
 */
export type ResetMfa = (userId: string) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
  readonly revokeSessions: RevokeSessions
  readonly now: () => Date
}

export const makeResetMfa =
  ({ accounts, writeLetter, revokeSessions, now }: Ports): ResetMfa =>
  async (userId) => {
    await accounts.update(userId, (before) => {
      const news = writeLetter(withoutSecondFactors(before, now()), 'second-factor-changed')
      return changed(news.account, news.event)
    })
    await revokeSessions(userId, 'logout')
  }
