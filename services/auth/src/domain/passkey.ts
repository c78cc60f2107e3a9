import { defineError } from '@tradewind/service-kit/errors'

/** A key pair that a device keeps for this account (WebAuthn). */
export interface Passkey {
  readonly id: string
  /** The device's name for it, in base64url. */
  readonly credentialId: string
  /** COSE, in base64url. */
  readonly publicKey: string
  /** How often the device used it; 0 for devices that do not count. */
  readonly counter: number
  readonly transports: readonly string[]
  /** True when the device copies it to others. */
  readonly isBackedUp: boolean
  readonly name: string
  readonly createdAt: Date
  readonly lastUsedAt?: Date
}

export const PasskeyNotFound = defineError('AUTH_PASSKEY_NOT_FOUND', 'not-found', 'There is no such passkey.')
export const PasskeyRefused = defineError('AUTH_PASSKEY_REFUSED', 'unauthenticated', 'The passkey was not accepted.')
export const PasskeyInvalid = defineError('AUTH_PASSKEY_INVALID', 'invalid', 'The passkey cannot be registered.')
export const TooManyPasskeys = defineError(
  'AUTH_TOO_MANY_PASSKEYS',
  'conflict',
  'There are as many passkeys as an account may have. Delete one first.',
)

export const maxPasskeys = 20

export function addPasskey(passkeys: readonly Passkey[], passkey: Passkey): readonly Passkey[] {
  if (passkeys.length >= maxPasskeys) throw TooManyPasskeys()
  if (passkeys.some(({ credentialId }) => credentialId === passkey.credentialId)) throw PasskeyInvalid()
  return [...passkeys, passkey]
}

/** Throws `PasskeyNotFound`. */
export function renamePasskey(passkeys: readonly Passkey[], id: string, name: string): readonly Passkey[] {
  requirePasskey(passkeys, id)
  return passkeys.map((passkey) => (passkey.id === id ? { ...passkey, name } : passkey))
}

/** Throws `PasskeyNotFound`. */
export function removePasskey(passkeys: readonly Passkey[], id: string): readonly Passkey[] {
  requirePasskey(passkeys, id)
  return passkeys.filter((passkey) => passkey.id !== id)
}

function requirePasskey(passkeys: readonly Passkey[], id: string): void {
  if (passkeys.every((passkey) => passkey.id !== id)) throw PasskeyNotFound({ id })
}

export interface PasskeyUse {
  readonly id: string
  readonly counter: number
  readonly isBackedUp: boolean
}

/**
 * Notes a use. A counter that does not rise tells of a copy (WebAuthn, 6.1.1): then neither the device nor its copy gets
 * in. Throws `PasskeyRefused`.
 */
export function usePasskey(
  passkeys: readonly Passkey[],
  { id, counter, isBackedUp }: PasskeyUse,
  now: Date,
): readonly Passkey[] {
  const known = passkeys.find((passkey) => passkey.id === id)
  if (known === undefined) throw PasskeyRefused({ id })
  if ((counter > 0 || known.counter > 0) && counter <= known.counter) throw PasskeyRefused({ id, counter })
  return passkeys.map((passkey) => (passkey === known ? { ...passkey, counter, isBackedUp, lastUsedAt: now } : passkey))
}
