import { defineError } from '@tradewind/service-kit/errors'
import { normaliseEmail } from './email.ts'
import type { Identity } from './identity.ts'
import type { Letter } from './letter.ts'
import type { Passkey } from './passkey.ts'
import type { Totp } from './totp.ts'

export type Role = 'customer' | 'support' | 'operator' | 'admin'

export interface Account {
  readonly id: string
  /** Normalised; unique. */
  readonly email: string
  readonly name: string
  readonly roles: readonly Role[]
  /** How often the roles have changed; missing for never. Tokens of earlier versions are refused. */
  readonly accessVersion?: number
  /** Argon2id in PHC format. */
  readonly passwordHash: string
  readonly emailVerified: boolean
  /** Set as long as nobody can sign in, since nobody has shown that the address is his. */
  readonly awaitsMail?: true
  /** Of mails; the system's own where it is missing. */
  readonly locale?: 'en' | 'de'
  /** Since when nobody can sign in to it. */
  readonly deactivatedAt?: Date
  /** Sessions that began before are over, but for the kept one. */
  readonly sessionsFrom?: Date
  readonly keptSessionId?: string
  /** Mails that are on their way, or whose links are good. */
  readonly letters?: readonly Letter[]
  readonly totp?: Totp
  /** Keyed hashes of the recovery codes that were not used yet. */
  readonly recoveryCodes?: readonly string[]
  readonly passkeys?: readonly Passkey[]
  readonly identities?: readonly Identity[]
}

export const EmailTaken = defineError('AUTH_EMAIL_TAKEN', 'conflict', 'There is an account with this e-mail address.')
export const AccountNotFound = defineError(
  'AUTH_ACCOUNT_NOT_FOUND',
  'not-found',
  'The account does not exist any more.',
)
export const LastAdmin = defineError(
  'AUTH_LAST_ADMIN',
  'conflict',
  'This is the last admin. Make somebody else an admin first.',
)
export const InvalidCredentials = defineError(
  'AUTH_INVALID_CREDENTIALS',
  'unauthenticated',
  'E-mail address or password is wrong.',
)
export const PasswordIsEmail = defineError(
  'AUTH_PASSWORD_IS_EMAIL',
  'invalid',
  'The password must not be the e-mail address.',
)

/** Refuses the one password that anybody would try first. */
export function refuseEmailAsPassword(email: string, password: string): void {
  if (normaliseEmail(password) !== normaliseEmail(email)) return
  throw PasswordIsEmail({}, { errors: [{ pointer: '/password', detail: 'must not be the e-mail address' }] })
}

export interface NewAccount {
  readonly id: string
  readonly email: string
  readonly name: string
  readonly roles: readonly Role[]
  readonly passwordHash: string
}

export const createAccount = ({ id, email, name, roles, passwordHash }: NewAccount): Account => ({
  id,
  email: normaliseEmail(email),
  name: name.normalize('NFC').trim(),
  roles,
  passwordHash,
  emailVerified: false,
})

/** Gives roles beside those that the account has. */
export const grantRoles = (account: Account, ...roles: readonly Role[]): Account =>
  setRoles(account, [...new Set([...account.roles, ...roles])])

/** Sets the roles; access tokens with the old ones end with it. Returns the same object when they are the same. */
export function setRoles(account: Account, roles: readonly Role[]): Account {
  const isSame = roles.length === account.roles.length && roles.every((role) => account.roles.includes(role))
  return isSame ? account : { ...account, roles: [...roles], accessVersion: accessVersionOf(account) + 1 }
}

export const accessVersionOf = ({ accessVersion = 0 }: Account): number => accessVersion

export const changePassword = (account: Account, passwordHash: string): Account => ({ ...account, passwordHash })
