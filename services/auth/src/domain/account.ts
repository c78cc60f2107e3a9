import { defineError } from '@tradewind/service-kit/errors'
import { normaliseEmail } from './email.ts'

export type Role = 'customer' | 'support' | 'operator' | 'admin'

export interface Account {
  readonly id: string
  /** Normalised; unique. */
  readonly email: string
  readonly name: string
  readonly roles: readonly Role[]
  /** Argon2id in PHC format. */
  readonly passwordHash: string
  readonly emailVerified: boolean
}

export const EmailTaken = defineError('AUTH_EMAIL_TAKEN', 'conflict', 'There is an account with this e-mail address.')
export const AccountNotFound = defineError(
  'AUTH_ACCOUNT_NOT_FOUND',
  'not-found',
  'The account does not exist any more.',
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

/** Gives roles. Returns the same object when the account has them. */
export const grantRoles = (account: Account, ...roles: Role[]): Account => {
  const missing = roles.filter((role) => !account.roles.includes(role))
  return missing.length === 0 ? account : { ...account, roles: [...account.roles, ...missing] }
}

export const changePassword = (account: Account, passwordHash: string): Account => ({ ...account, passwordHash })
