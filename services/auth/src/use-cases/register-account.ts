import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import { type Account, createAccount } from '../domain/account.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { Device } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { OpenSession, TokenPair } from './open-session.ts'
import type { WriteLetter } from './write-letter.ts'

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
  readonly isCommonPassword: (password: string) => boolean
  readonly openSession: OpenSession
  readonly writeLetter: WriteLetter
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Creates a customer account, asks for the mail that verifies its address, and signs it in. Throws `EmailTaken` and what is wrong with the password. */
export const makeRegisterAccount =
  ({ accounts, passwords, isCommonPassword, openSession, writeLetter, now, newId }: Ports): RegisterAccount =>
  async ({ email, password, name }, device) => {
    refuseWeakPassword({ email, password }, isCommonPassword)
    const passwordHash = await passwords.hash(password)
    const created = createAccount({ id: newId('usr'), email, name, roles: ['customer'], passwordHash })
    const { account, event } = writeLetter(created, 'verify-email')
    await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }), event)
    const authentication = { at: now(), methods: ['pwd'] } as const
    return { account, tokens: await openSession(account, device, { authentication }) }
  }
