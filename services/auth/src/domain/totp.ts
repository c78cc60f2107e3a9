import { defineError } from '@tradewind/service-kit/errors'

/** A secret shared with an app that shows codes (RFC 6238). Good from when a first code was shown. */
export interface Totp {
  /** Sealed; opens for this account alone. */
  readonly sealedSecret: string
  readonly activeFrom?: Date
  /** The time step of the last code that was taken: no code of it or of one before is taken again. */
  readonly lastStep: number
  /** Wrong codes since the last good one, and when the last of them came. */
  readonly failures: number
  readonly failedAt?: Date
}

export const InvalidCode = defineError('AUTH_INVALID_CODE', 'invalid', 'The code is wrong, or was used before.')
export const TooManyCodes = defineError(
  'AUTH_TOO_MANY_CODES',
  'too-many-requests',
  'Too many wrong codes. Retry-After says when to come back; a recovery code is taken all the same.',
)
export const TotpActive = defineError(
  'AUTH_TOTP_ACTIVE',
  'conflict',
  'A code generator is in use already. Remove it first.',
)
export const TotpMissing = defineError(
  'AUTH_TOTP_MISSING',
  'conflict',
  'There is no code generator to verify. Enrol one first.',
)

export const WrongProof = defineError(
  'AUTH_WRONG_PROOF',
  'invalid',
  'An account with a code generator takes a code here, any other the password.',
)

/** Wrong codes in a row that cost nothing; after each further one no code is looked at for a while. */
export const freeFailures = 5
export const pauseMs = 60_000

export const enrolTotp = (sealedSecret: string): Totp => ({ sealedSecret, lastStep: 0, failures: 0 })

export const isTotpActive = (totp: Totp | undefined): totp is Totp & { readonly activeFrom: Date } =>
  totp?.activeFrom !== undefined

/** Until when no code is looked at; undefined when the next one is. */
export function pausedUntil({ failures, failedAt }: Totp, now: Date): Date | undefined {
  if (failures < freeFailures || failedAt === undefined) return undefined
  const until = new Date(failedAt.getTime() + pauseMs)
  return until > now ? until : undefined
}

export type Verdict =
  | { readonly kind: 'accepted'; readonly totp: Totp }
  | { readonly kind: 'refused'; readonly totp: Totp }
  | { readonly kind: 'paused'; readonly until: Date }

/**
 * Judges a code. `steps` are the time steps near now whose code it is. A step is taken once, and none before it after that.
 */
export function judgeCode(totp: Totp, steps: readonly number[], now: Date): Verdict {
  const until = pausedUntil(totp, now)
  if (until !== undefined) return { kind: 'paused', until }
  const step = steps.find((one) => one > totp.lastStep)
  if (step === undefined) return { kind: 'refused', totp: { ...totp, failures: totp.failures + 1, failedAt: now } }
  const { failedAt: _failedAt, ...rest } = totp
  return { kind: 'accepted', totp: { ...rest, activeFrom: totp.activeFrom ?? now, lastStep: step, failures: 0 } }
}
