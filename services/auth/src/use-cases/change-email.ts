import { changed, unchanged } from '@tradewind/database/decision'
import { normaliseEmail } from '../domain/email.ts'
import { isTooSoon, MailTooSoon } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { WriteLetter } from './write-letter.ts'

/** Writes to a new address; it is the account's once its token is shown. To an address that somebody has, nothing is written. */
export type ChangeEmail = (userId: string, email: string) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
  readonly now: () => Date
}

export const makeChangeEmail =
  ({ accounts, writeLetter, now }: Ports): ChangeEmail =>
  async (userId, email) => {
    const to = normaliseEmail(email)
    const holder = await accounts.findByEmail(to)
    await accounts.update(userId, (before) => {
      if (isTooSoon(before.letters ?? [], 'verify-email', now())) throw MailTooSoon({ retryAfterSeconds: 60 })
      if (holder !== undefined) return unchanged()
      const { account, event } = writeLetter(before, 'verify-email', to)
      return changed(account, event)
    })
  }
