import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { InvalidCredentials } from '../domain/account.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { Device } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { OpenSession, TokenPair } from './open-session.ts'

export type LogIn = (credentials: { email: string; password: string }, device: Device) => Promise<TokenPair>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly openSession: OpenSession
}

/** Signs in. An account that does not exist costs the same work and gives the same answer as a wrong password. */
export const makeLogIn =
  ({ accounts, passwords, openSession }: Ports): LogIn =>
  async ({ email, password }, device) => {
    const account = await accounts.findByEmail(normaliseEmail(email))
    const matches = await passwords.verify(account?.passwordHash, password)
    if (account === undefined || !matches) throw InvalidCredentials()
    return await openSession(account, device)
  }
