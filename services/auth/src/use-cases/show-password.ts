import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Account } from '../domain/account.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'

export interface PasswordPorts {
  readonly passwords: PasswordHasher
  readonly guard: GuardSignIn
  readonly audit: Audit
}

/**
 * Whether somebody who is signed in knows the account's password. Throws `TooManyAttempts`: whoever holds a stolen token
 * guesses from the same budgets as at sign-in.
 */
export async function knowsPassword(
  { passwords, guard, audit }: PasswordPorts,
  { id, email, passwordHash }: Account,
  password: string,
  origin: Origin,
): Promise<boolean> {
  const attempt = await guard.enter(email, origin)
  if (await passwords.verify(passwordHash, password)) {
    attempt.passed()
    return true
  }
  const actor = { kind: 'user', id } as const
  await Promise.all([attempt.failed(), audit.record({ action: 'password.failed', actor, subject: id, origin })])
  return false
}
