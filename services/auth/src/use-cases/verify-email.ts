import { UserUpdatedV1, UserVerifiedV1 } from '@tradewind/contracts/auth-accounts'
import { changed } from '@tradewind/database/decision'
import { verifyEmail } from '../domain/account-changes.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { OpenLetter } from './open-letter.ts'
import type { Audit } from './record-audit.ts'
import type { WriteLetter } from './write-letter.ts'

/** Takes the token of a mail. Throws `InvalidMailToken`, and `EmailTaken` when somebody else was faster. */
export type VerifyEmail = (token: string, origin: Origin) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly openLetter: OpenLetter
  readonly writeLetter: WriteLetter
  readonly audit: Audit
  readonly newId: (prefix: string) => string
}

export const makeVerifyEmail =
  ({ accounts, openLetter, writeLetter, audit, newId }: Ports): VerifyEmail =>
  async (token, origin) => {
    const { account, letterOf } = await openLetter(token, 'verify-email', origin)
    const userId = account.id
    let isNewAddress = false
    await accounts.update(userId, (before) => {
      const after = verifyEmail(before, letterOf(before))
      const verified = UserVerifiedV1.create(newId('evt'), { userId })
      isNewAddress = after.email !== before.email
      if (!isNewAddress) return changed(after, verified)
      // Whoever loses an account that way hears of it where it was.
      const news = writeLetter(after, 'email-changed', before.email)
      return changed(news.account, verified, UserUpdatedV1.create(newId('evt'), { userId }), news.event)
    })
    const action = isNewAddress ? 'account.email_changed' : 'account.verified'
    await audit.record({ action, actor: { kind: 'user', id: userId }, subject: userId, origin })
  }
