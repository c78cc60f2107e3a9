import { changed, unchanged } from '@tradewind/database/decision'
import { isTooSoon, MailTooSoon } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { WriteLetter } from './write-letter.ts'

/** Sends the mail that verifies an account's address again, unless it is verified. Throws `MailTooSoon`. */
export type SendVerification = (userId: string) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
  readonly now: () => Date
}

export const makeSendVerification =
  ({ accounts, writeLetter, now }: Ports): SendVerification =>
  async (userId) => {
    await accounts.update(userId, (before) => {
      if (before.emailVerified) return unchanged()
      if (isTooSoon(before.letters ?? [], 'verify-email', now())) throw MailTooSoon({ retryAfterSeconds: 60 })
      const { account, event } = writeLetter(before, 'verify-email')
      return changed(account, event)
    })
  }
