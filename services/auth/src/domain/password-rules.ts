import { defineError } from '@tradewind/service-kit/errors'
import { refuseEmailAsPassword } from './account.ts'

export const PasswordLength = defineError(
  'AUTH_PASSWORD_LENGTH',
  'invalid',
  'The password must have 8 to 256 characters.',
)
export const PasswordCommon = defineError(
  'AUTH_PASSWORD_COMMON',
  'invalid',
  'The password is one of those that are tried first. Choose another.',
)

const minCharacters = 8
const maxCharacters = 256

/**
 * NIST SP 800-63B: the same password in another Unicode form is the same password, so it is compared, counted and hashed
 * in this one.
 */
export const canonicalPassword = (password: string): string => password.normalize('NFKC')

/** Refuses a new password that is too short or too long, the address itself, or one that everybody tries first. */
export function refuseWeakPassword(
  { email, password }: { readonly email: string; readonly password: string },
  isCommon: (password: string) => boolean,
): void {
  const canonical = canonicalPassword(password)
  // Code points, as NIST counts; a letter with its accents is one in this form wherever Unicode has it.
  const characters = Array.from(canonical).length
  if (characters < minCharacters || characters > maxCharacters)
    throw PasswordLength({}, { errors: [{ pointer: '/password', detail: 'must have 8 to 256 characters' }] })
  refuseEmailAsPassword(email, password)
  if (isCommon(canonical))
    throw PasswordCommon({}, { errors: [{ pointer: '/password', detail: 'is one of those that are tried first' }] })
}
