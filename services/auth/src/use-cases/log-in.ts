import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { InvalidCredentials } from '../domain/account.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { OpenSession, TokenPair } from './open-session.ts'
import type { Audit } from './record-audit.ts'

export type DevicePair = TokenPair & { readonly deviceToken: string }

export type LogIn = (credentials: { email: string; password: string }, origin: Origin) => Promise<DevicePair>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly openSession: OpenSession
  readonly guard: GuardSignIn
  readonly pseudonyms: Pseudonyms
  readonly audit: Audit
}

/** Signs in. An account that does not exist costs the same work and gives the same answer as a wrong password. */
export const makeLogIn =
  ({ accounts, passwords, openSession, guard, pseudonyms, audit }: Ports): LogIn =>
  async ({ email: given, password }, origin) => {
    const email = normaliseEmail(given)
    const attempt = await guard.enter(email, origin)
    const account = await accounts.findByEmail(email)
    const matches = await passwords.verify(account?.passwordHash, password)
    if (account === undefined || !matches) {
      const subject = account?.id ?? pseudonyms.ofEmail(email)
      await Promise.all([
        attempt.failed(),
        audit.record({ action: 'sign_in.failed', actor: { kind: 'nobody' }, subject, origin }),
      ])
      throw InvalidCredentials()
    }
    const [deviceToken, tokens] = await Promise.all([attempt.succeeded(), openSession(account, origin.device)])
    await audit.record({
      action: 'sign_in.succeeded',
      actor: { kind: 'user', id: account.id },
      subject: account.id,
      origin,
    })
    return { ...tokens, deviceToken }
  }
