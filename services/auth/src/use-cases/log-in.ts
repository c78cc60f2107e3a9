import { changed, unchanged } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { type Account, changePassword, InvalidCredentials } from '../domain/account.ts'
import { maySignIn } from '../domain/account-changes.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CompleteSignIn, MfaRequired } from './complete-sign-in.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { TokenPair } from './open-session.ts'
import type { Audit } from './record-audit.ts'

export type DevicePair = TokenPair & { readonly deviceToken: string }

export type LogIn = (
  credentials: { email: string; password: string },
  origin: Origin,
) => Promise<DevicePair | MfaRequired>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly completeSignIn: CompleteSignIn
  readonly guard: GuardSignIn
  readonly pseudonyms: Pseudonyms
  readonly audit: Audit
}

/**
 * Signs in. An account that does not exist, was closed, or waits for its mail, costs the same work and gives the same answer as a wrong
 * password. A hash of weaker parameters than today's is replaced.
 */
export const makeLogIn = ({ accounts, passwords, completeSignIn, guard, pseudonyms, audit }: Ports): LogIn => {
  async function renewHash({ id, passwordHash }: Account, password: string): Promise<void> {
    const renewed = await passwords.hash(password)
    await accounts.update(id, (before) =>
      before.passwordHash === passwordHash ? changed(changePassword(before, renewed)) : unchanged(),
    )
  }

  return async ({ email: given, password }, origin) => {
    const email = normaliseEmail(given)
    const [attempt, account] = await Promise.all([guard.enter(email, origin), accounts.findByEmail(email)])
    const matches = await passwords.verify(account?.passwordHash, password)
    if (account === undefined || !matches || !maySignIn(account)) {
      const subject = account?.id ?? pseudonyms.ofEmail(email)
      await Promise.all([
        attempt.failed(),
        audit.record({ action: 'sign_in.failed', actor: { kind: 'nobody' }, subject, origin }),
      ])
      throw InvalidCredentials()
    }
    if (passwords.isOutdated(account.passwordHash)) await renewHash(account, password)
    const outcome = await completeSignIn(account, { methods: ['pwd'], origin })
    // A password alone is half a sign-in here: who shows no more becomes no known device.
    if ('mfaRequired' in outcome) {
      attempt.passed()
      return outcome
    }
    return { ...outcome, deviceToken: await attempt.succeeded() }
  }
}
