import type { DeviceTokens } from '../crypto/device-tokens.ts'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import type { Device } from '../domain/session.ts'
import { type SignInPolicies, type ThrottlePolicy, tooManyAttempts } from '../domain/throttle.ts'
import type { KnownNetworks } from '../store/known-networks.ts'
import type { Throttles } from '../store/throttles.ts'

/** Where a request comes from. */
export interface Origin {
  /** The client's network, as limits count it. */
  readonly network: string
  readonly device: Device
  readonly deviceToken?: string | undefined
}

/** A guess that was let through. What became of it has to be said. */
export interface Attempt {
  /** It was right: it costs nothing, and its network and its device are known from now on. Gives the device's token. */
  readonly succeeded: () => Promise<string>
  /** It was right, and something else is still asked for: it costs nothing, and nobody is known by it yet. */
  readonly passed: () => Promise<void>
  readonly failed: () => Promise<void>
}

/**
 * Lets somebody try a password, or refuses because too many were tried. It asks the same of the database whether there is
 * such an account or not, so neither the answer nor its time says.
 */
export interface GuardSignIn {
  readonly enter: (normalisedEmail: string, origin: Origin) => Promise<Attempt>
  /** Makes the network and the device of a new account known. Gives the device's token. */
  readonly welcome: (normalisedEmail: string, origin: Origin) => Promise<string>
  readonly requireMayRegister: (origin: Origin) => Promise<void>
  readonly foundTaken: (origin: Origin) => Promise<void>
  /** Forgets where an account was signed in from. */
  readonly forget: (normalisedEmail: string) => Promise<void>
}

export interface GuardPorts {
  readonly throttles: Throttles
  readonly knownNetworks: KnownNetworks
  readonly pseudonyms: Pseudonyms
  readonly deviceTokens: DeviceTokens
  readonly policies: SignInPolicies
}

export const makeGuardSignIn = (ports: GuardPorts): GuardSignIn => {
  const { throttles, knownNetworks, pseudonyms, deviceTokens, policies } = ports

  async function require(policy: ThrottlePolicy, subject: string): Promise<void> {
    const waitMs = await throttles.waitFor(policy, subject)
    if (waitMs > 0) throw tooManyAttempts(policy, waitMs)
  }

  async function welcome(email: string, { network, deviceToken }: Origin): Promise<string> {
    await knownNetworks.remember(pseudonyms.ofEmail(email), pseudonyms.ofNetwork(network))
    const isKnown = deviceToken !== undefined && deviceTokens.deviceOf(deviceToken, email) !== undefined
    return isKnown ? deviceToken : deviceTokens.create(email)
  }

  return {
    enter: async (email, origin) => {
      const who = pseudonyms.ofEmail(email)
      const network = pseudonyms.ofNetwork(origin.network)
      const [isKnownNetwork] = await Promise.all([knownNetworks.has(who, network), require(policies.network, network)])
      const device = deviceTokens.deviceOf(origin.deviceToken, email)
      // Strangers share one budget of the account, so that many addresses guess no faster than one. Whoever was here
      // before has his own, so that they cannot lock him out.
      const known = device ?? (isKnownNetwork ? network : undefined)
      const [policy, subject] = known === undefined ? [policies.account, who] : [policies.known, `${who}/${known}`]
      const waitMs = await throttles.take(policy, subject)
      if (waitMs > 0) throw tooManyAttempts(policy, waitMs)
      return {
        succeeded: async () => {
          const [token] = await Promise.all([welcome(email, origin), throttles.giveBack(policy, subject)])
          return token
        },
        passed: () => throttles.giveBack(policy, subject),
        failed: () => throttles.charge(policies.network, network),
      }
    },
    welcome,
    requireMayRegister: ({ network }) => require(policies.taken, pseudonyms.ofNetwork(network)),
    foundTaken: ({ network }) => throttles.charge(policies.taken, pseudonyms.ofNetwork(network)),
    forget: (email) => knownNetworks.forget(pseudonyms.ofEmail(email)),
  }
}
