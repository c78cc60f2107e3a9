import { changed, unchanged } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { type Account, changePassword, InvalidCredentials } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { Device } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CompleteSignIn, SignInOutcome } from './complete-sign-in.ts'

export type LogIn = (credentials: { email: string; password: string }, device: Device) => Promise<SignInOutcome>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly completeSignIn: CompleteSignIn
}

/**
 * Signs in. An account that does not exist, or was closed, costs the same work and gives the same answer as a wrong
 * password. A hash of weaker parameters than today's is replaced.
 */
export const makeLogIn = ({ accounts, passwords, completeSignIn }: Ports): LogIn => {
  async function renewHash({ id, passwordHash }: Account, password: string): Promise<void> {
    const renewed = await passwords.hash(password)
    await accounts.update(id, (before) =>
      before.passwordHash === passwordHash ? changed(changePassword(before, renewed)) : unchanged(),
    )
  }

  return async ({ email, password }, device) => {
    const account = await accounts.findByEmail(normaliseEmail(email))
    const matches = await passwords.verify(account?.passwordHash, password)
    if (account === undefined || !matches || !isActive(account)) throw InvalidCredentials()
    if (passwords.isOutdated(account.passwordHash)) await renewHash(account, password)
    return await completeSignIn(account, ['pwd'], device)
  }
}
