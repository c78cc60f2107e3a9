import { UserVerifiedV1 } from '@tradewind/contracts/auth-accounts'
import { changed } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { resetPassword } from '../domain/account-changes.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { EndApiKeys } from './manage-api-keys.ts'
import type { OpenLetter } from './open-letter.ts'
import type { Audit } from './record-audit.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import type { WriteLetter } from './write-letter.ts'

/** Sets a password by the token of a mail and ends all sessions and API keys: whoever had the account may have made some. Throws `InvalidMailToken` and what is wrong with the password. */
export type ResetPassword = (
  wish: { readonly token: string; readonly password: string },
  origin: Origin,
) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly isCommonPassword: (password: string) => boolean
  readonly openLetter: OpenLetter
  readonly audit: Audit
  readonly writeLetter: WriteLetter
  readonly revokeSessions: RevokeSessions
  readonly endApiKeys: EndApiKeys
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeResetPassword =
  (ports: Ports): ResetPassword =>
  async ({ token, password }, origin) => {
    const { accounts, passwords, openLetter, writeLetter, revokeSessions, now, newId } = ports
    const { account, letterOf } = await openLetter(token, 'reset-password', origin)
    const userId = account.id
    refuseWeakPassword({ email: account.email, password }, ports.isCommonPassword)
    const passwordHash = await passwords.hash(password)
    // Before as well as after: a process that dies in between leaves none, and none is made in between.
    await ports.endApiKeys(userId)
    await accounts.update(userId, (before) => {
      const after = resetPassword(before, letterOf(before), passwordHash, now())
      const news = writeLetter(after, 'password-changed')
      const verified = before.emailVerified ? [] : [UserVerifiedV1.create(newId('evt'), { userId })]
      return changed(news.account, news.event, ...verified)
    })
    // The write above ends them at their next refresh; this ends their access tokens, too.
    await revokeSessions(userId, 'password_changed')
    await ports.endApiKeys(userId)
    await ports.audit.record({ action: 'password.reset', actor: { kind: 'user', id: userId }, subject: userId, origin })
  }
