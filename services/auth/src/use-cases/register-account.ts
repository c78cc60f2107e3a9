import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { type Account, createAccount, EmailTaken } from '../domain/account.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { DevicePair } from './log-in.ts'
import type { OpenSession } from './open-session.ts'
import type { Audit } from './record-audit.ts'
import type { WriteLetter } from './write-letter.ts'

interface Registration {
  readonly email: string
  readonly password: string
  readonly name: string
}

export type RegisterAccount = (
  registration: Registration,
  origin: Origin,
) => Promise<{ account: Account; tokens: DevicePair }>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly isCommonPassword: (password: string) => boolean
  readonly openSession: OpenSession
  readonly guard: GuardSignIn
  readonly pseudonyms: Pseudonyms
  readonly audit: Audit
  readonly writeLetter: WriteLetter
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Creates a customer account, asks for the mail that verifies its address, and signs it in. Throws `EmailTaken`, which
 * says that there is an account; so a network is told it a few times an hour and then nothing at all (ADR 25). Throws
 * what is wrong with the password.
 */
export const makeRegisterAccount = (ports: Ports): RegisterAccount => {
  const { accounts, passwords, isCommonPassword, openSession, guard, pseudonyms, audit, writeLetter, now, newId } =
    ports

  async function insert(created: Account, origin: Origin): Promise<Account> {
    const { account, event } = writeLetter(created, 'verify-email')
    try {
      await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }), event)
      return account
    } catch (error) {
      if (!EmailTaken.is(error)) throw error
      const subject = pseudonyms.ofEmail(account.email)
      await Promise.all([
        guard.foundTaken(origin),
        audit.record({ action: 'account.registration_refused', actor: { kind: 'nobody' }, subject, origin }),
      ])
      throw error
    }
  }

  return async ({ email, password, name }, origin) => {
    refuseWeakPassword({ email, password }, isCommonPassword)
    await guard.requireMayRegister(origin)
    const passwordHash = await passwords.hash(password)
    const created = createAccount({ id: newId('usr'), email, name, roles: ['customer'], passwordHash })
    const account = await insert(created, origin)
    const authentication = { at: now(), methods: ['pwd'] } as const
    const [deviceToken, tokens] = await Promise.all([
      guard.welcome(account.email, origin),
      openSession(account, origin.device, { authentication }),
    ])
    const { id } = account
    await audit.record({ action: 'account.registered', actor: { kind: 'user', id }, subject: id, origin })
    return { account, tokens: { ...tokens, deviceToken } }
  }
}
