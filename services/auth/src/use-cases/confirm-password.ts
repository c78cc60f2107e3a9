import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { type Account, AccountNotFound, InvalidCredentials } from '../domain/account.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'

/** Asks for the password once more before what cannot be undone. Throws `InvalidCredentials` and `TooManyAttempts`. */
export type ConfirmPassword = (userId: string, password: string, origin: Origin) => Promise<Account>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly guard: GuardSignIn
}

export const makeConfirmPassword =
  ({ accounts, passwords, guard }: Ports): ConfirmPassword =>
  async (userId, password, origin) => {
    const account = await accounts.find(userId)
    if (account === undefined) throw AccountNotFound({ userId })
    const attempt = await guard.enter(account.email, origin)
    if (await passwords.verify(account.passwordHash, password)) {
      await attempt.succeeded()
      return account
    }
    await attempt.failed()
    throw InvalidCredentials()
  }
