import { changed } from '@tradewind/database/decision'
import type { Account } from '../domain/account.ts'
import { setPassword, WrongPassword } from '../domain/account-changes.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { ReadAccount } from './read-account.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import { knowsPassword, type PasswordPorts } from './show-password.ts'
import type { WriteLetter } from './write-letter.ts'

export interface PasswordChange {
  readonly userId: string
  /** The session that asks, and goes on. */
  readonly sessionId: string
  readonly currentPassword: string
  readonly password: string
  readonly origin: Origin
}

/** Changes a password and ends the other sessions. Throws `WrongPassword`, `TooManyAttempts` and what is wrong with the new one. */
export type ChangePassword = (change: PasswordChange) => Promise<void>

interface Ports extends PasswordPorts {
  readonly accounts: AccountRepository
  readonly isCommonPassword: (password: string) => boolean
  readonly readAccount: ReadAccount
  readonly writeLetter: WriteLetter
  readonly revokeSessions: RevokeSessions
  readonly now: () => Date
}

interface Shown {
  readonly password: string
  /** Where the password stands in the body. */
  readonly pointer: string
  readonly origin: Origin
}

/** Throws `WrongPassword` and `TooManyAttempts`. */
export async function requirePassword(
  ports: PasswordPorts,
  account: Account,
  { password, pointer, origin }: Shown,
): Promise<void> {
  if (await knowsPassword(ports, account, password, origin)) return
  throw WrongPassword({}, { errors: [{ pointer, detail: 'is not the present password' }] })
}

export const makeChangePassword =
  (ports: Ports): ChangePassword =>
  async ({ userId, sessionId, currentPassword, password, origin }) => {
    const { accounts, passwords, readAccount, writeLetter, revokeSessions, now } = ports
    const account = await readAccount(userId)
    await requirePassword(ports, account, { password: currentPassword, pointer: '/currentPassword', origin })
    refuseWeakPassword({ email: account.email, password }, ports.isCommonPassword)
    const passwordHash = await passwords.hash(password)
    await accounts.update(userId, (before) => {
      // Somebody else changed it meanwhile: the password that was shown is not the present one any more.
      if (before.passwordHash !== account.passwordHash) throw WrongPassword({ userId })
      const news = writeLetter(setPassword(before, passwordHash, now(), sessionId), 'password-changed')
      return changed(news.account, news.event)
    })
    await revokeSessions(userId, 'password_changed', sessionId)
  }
