import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { type Account, createAccount, refuseEmailAsPassword } from '../domain/account.ts'
import type { Device } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { OpenSession, TokenPair } from './open-session.ts'

interface Registration {
  readonly email: string
  readonly password: string
  readonly name: string
}

export type RegisterAccount = (
  registration: Registration,
  device: Device,
) => Promise<{ account: Account; tokens: TokenPair }>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly openSession: OpenSession
  readonly newId: (prefix: string) => string
}

/** Creates a customer account and signs it in. Throws `EmailTaken` and `PasswordIsEmail`. */
export const makeRegisterAccount =
  ({ accounts, passwords, openSession, newId }: Ports): RegisterAccount =>
  async ({ email, password, name }, device) => {
    refuseEmailAsPassword(email, password)
    const passwordHash = await passwords.hash(password)
    const account = createAccount({ id: newId('usr'), email, name, roles: ['customer'], passwordHash })
    await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }))
    return { account, tokens: await openSession(account, device) }
  }
