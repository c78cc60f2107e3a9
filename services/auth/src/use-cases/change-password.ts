import { changed } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { setPassword, WrongPassword } from '../domain/account-changes.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { ReadAccount } from './read-account.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import type { WriteLetter } from './write-letter.ts'

export interface PasswordChange {
  readonly userId: string
  /** The session that asks, and goes on. */
  readonly sessionId: string
  readonly currentPassword: string
  readonly password: string
}

/** Changes a password and ends the other sessions. Throws `WrongPassword` and what is wrong with the new one. */
export type ChangePassword = (change: PasswordChange) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly isCommonPassword: (password: string) => boolean
  readonly readAccount: ReadAccount
  readonly writeLetter: WriteLetter
  readonly revokeSessions: RevokeSessions
  readonly now: () => Date
}

/** Throws `WrongPassword` with a pointer to where it stands. */
export async function requirePassword(
  passwords: PasswordHasher,
  passwordHash: string,
  password: string,
  pointer: string,
): Promise<void> {
  if (await passwords.verify(passwordHash, password)) return
  throw WrongPassword({}, { errors: [{ pointer, detail: 'is not the present password' }] })
}

export const makeChangePassword =
  (ports: Ports): ChangePassword =>
  async ({ userId, sessionId, currentPassword, password }) => {
    const { accounts, passwords, readAccount, writeLetter, revokeSessions, now } = ports
    const account = await readAccount(userId)
    await requirePassword(passwords, account.passwordHash, currentPassword, '/currentPassword')
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
