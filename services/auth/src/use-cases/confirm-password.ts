import { type Account, AccountNotFound, InvalidCredentials } from '../domain/account.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import { knowsPassword, type PasswordPorts } from './show-password.ts'

/** Asks for the password once more before what cannot be undone. Throws `InvalidCredentials` and `TooManyAttempts`. */
export type ConfirmPassword = (userId: string, password: string, origin: Origin) => Promise<Account>

interface Ports extends PasswordPorts {
  readonly accounts: AccountRepository
}

export const makeConfirmPassword =
  (ports: Ports): ConfirmPassword =>
  async (userId, password, origin) => {
    const account = await ports.accounts.find(userId)
    if (account === undefined) throw AccountNotFound({ userId })
    if (!(await knowsPassword(ports, account, password, origin))) throw InvalidCredentials()
    return account
  }
