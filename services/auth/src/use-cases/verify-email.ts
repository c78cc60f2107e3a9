import { UserUpdatedV1, UserVerifiedV1 } from '@tradewind/contracts/auth-accounts'
import { changed } from '@tradewind/database/decision'
import { verifyEmail } from '../domain/account-changes.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { OpenLetter } from './open-letter.ts'
import type { WriteLetter } from './write-letter.ts'

/** Takes the token of a mail. Throws `InvalidMailToken`, and `EmailTaken` when somebody else was faster. */
export type VerifyEmail = (token: string) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly openLetter: OpenLetter
  readonly writeLetter: WriteLetter
  readonly newId: (prefix: string) => string
}

export const makeVerifyEmail =
  ({ accounts, openLetter, writeLetter, newId }: Ports): VerifyEmail =>
  async (token) => {
    const { account, letterOf } = await openLetter(token, 'verify-email')
    const userId = account.id
    await accounts.update(userId, (before) => {
      const after = verifyEmail(before, letterOf(before))
      const verified = UserVerifiedV1.create(newId('evt'), { userId })
      if (after.email === before.email) return changed(after, verified)
      // Whoever loses an account that way hears of it where it was.
      const news = writeLetter(after, 'email-changed', before.email)
      return changed(news.account, verified, UserUpdatedV1.create(newId('evt'), { userId }), news.event)
    })
  }
