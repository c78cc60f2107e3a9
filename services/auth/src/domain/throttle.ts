import { defineError, UsedUpLimit } from '@tradewind/service-kit/errors'

/** So many in a window, spread evenly: after a pause all at once, after that one each `windowMs / limit`. */
export interface ThrottlePolicy {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
}

export interface SignInPolicies {
  /** Guesses at one account by whoever was never seen to sign in to it. */
  readonly account: ThrottlePolicy
  /** Guesses at one account from one device or network that signed in to it before. */
  readonly known: ThrottlePolicy
  /** Guesses from one network, at whatever accounts. */
  readonly network: ThrottlePolicy
  /** Mails to one address that were asked for by whoever was never seen to sign in to its account. */
  readonly mailAccount: ThrottlePolicy
  /** The same from one network that signed in to it before. */
  readonly mailKnown: ThrottlePolicy
  /** Mails that were asked for from one network, to whatever addresses. */
  readonly mailNetwork: ThrottlePolicy
  /** Registrations from one network that met an address that is taken. */
  readonly taken: ThrottlePolicy
}

export interface GuessLimits {
  readonly perAccount: number
  readonly perNetwork: number
  readonly takenPerNetwork: number
}

const quarterMs = 15 * 60_000
const hourMs = 3_600_000
/** A link is good for half an hour and replaced by the next: strangers who ask for many leave the owner time to use one. */
const mailsPerAddress = 4
const mailsPerNetwork = 60

export const signInPolicies = ({ perAccount, perNetwork, takenPerNetwork }: GuessLimits): SignInPolicies => ({
  account: { name: 'sign-in-account', limit: perAccount, windowMs: quarterMs },
  known: { name: 'sign-in-known', limit: perAccount, windowMs: quarterMs },
  network: { name: 'sign-in-network', limit: perNetwork, windowMs: quarterMs },
  mailAccount: { name: 'mail-account', limit: mailsPerAddress, windowMs: hourMs },
  mailKnown: { name: 'mail-known', limit: mailsPerAddress, windowMs: hourMs },
  mailNetwork: { name: 'mail-network', limit: mailsPerNetwork, windowMs: hourMs },
  taken: { name: 'taken-addresses', limit: takenPerNetwork, windowMs: hourMs },
})

const TooManyAttempts = defineError(
  'AUTH_TOO_MANY_ATTEMPTS',
  'too-many-requests',
  'Too many attempts. Retry-After says when to try again.',
)

/** The refusal that says which limit is used up and when something of it is left again. */
export const tooManyAttempts = ({ name, limit, windowMs }: ThrottlePolicy, waitMs: number) =>
  TooManyAttempts({
    retryAfterSeconds: Math.max(1, Math.ceil(waitMs / 1000)),
    limit: new UsedUpLimit(name, limit, windowMs / 1000),
  })
