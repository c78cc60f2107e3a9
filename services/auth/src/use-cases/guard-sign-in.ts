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
  readonly passed: () => void
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
  /** Lets a network show a secret that is too long to be guessed, unless too many from there were wrong. */
  readonly trySecret: <T>(origin: Origin, isWrong: (error: unknown) => boolean, work: () => Promise<T>) => Promise<T>
  /** Refuses to write to an address once more when too many mails were asked for, also to addresses without an account. */
  readonly requireMayWrite: (normalisedEmail: string, origin: Origin) => Promise<void>
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

  const tokenFor = (email: string, token: string | undefined): string =>
    token !== undefined && deviceTokens.deviceOf(token, email) !== undefined ? token : deviceTokens.create(email)

  interface Taken {
    readonly policy: ThrottlePolicy
    readonly waitMs: number
    readonly giveBack: () => void
    /** True when a sign-in from there would add nothing to what is known. */
    readonly isKnownNetwork: boolean
  }

  // Strangers share one budget of the account, so that many addresses guess no faster than one. Whoever was here before
  // has his own, so that they cannot lock him out.
  async function take(who: string, network: string, device: string | undefined): Promise<Taken> {
    if (device === undefined) {
      const policy = policies.known
      const taken = await knownNetworks.take(policy, who, network)
      if (taken !== undefined) {
        const giveBack = () => knownNetworks.giveBack(policy, who, network)
        return { policy, waitMs: taken.waitMs, giveBack, isKnownNetwork: taken.isFresh }
      }
    }
    const [policy, subject] = device === undefined ? [policies.account, who] : [policies.known, `${who}/${device}`]
    const waitMs = await throttles.take(policy, subject)
    return { policy, waitMs, giveBack: () => throttles.giveBack(policy, subject), isKnownNetwork: false }
  }

  return {
    enter: async (email, origin) => {
      const who = pseudonyms.ofEmail(email)
      const network = pseudonyms.ofNetwork(origin.network)
      const device = deviceTokens.deviceOf(origin.deviceToken, email)
      // At once, since each round to the database wakes two processes up.
      const [networkWaitMs, { policy, waitMs, giveBack, isKnownNetwork }] = await Promise.all([
        throttles.waitFor(policies.network, network),
        take(who, network, device),
      ])
      if (networkWaitMs > 0 && waitMs === 0) giveBack()
      if (networkWaitMs > 0) throw tooManyAttempts(policies.network, networkWaitMs)
      if (waitMs > 0) throw tooManyAttempts(policy, waitMs)
      return {
        succeeded: async () => {
          giveBack()
          if (!isKnownNetwork) await knownNetworks.remember(who, network)
          return tokenFor(email, origin.deviceToken)
        },
        passed: giveBack,
        failed: () => throttles.charge(policies.network, network),
      }
    },
    welcome: async (email, { network, deviceToken }) => {
      await knownNetworks.remember(pseudonyms.ofEmail(email), pseudonyms.ofNetwork(network))
      return tokenFor(email, deviceToken)
    },
    trySecret: async (origin, isWrong, work) => {
      const network = pseudonyms.ofNetwork(origin.network)
      await require(policies.network, network)
      try {
        return await work()
      } catch (error) {
        if (isWrong(error)) await throttles.charge(policies.network, network)
        throw error
      }
    },
    requireMayWrite: async (email, origin) => {
      const network = pseudonyms.ofNetwork(origin.network)
      const fromNetwork = await throttles.take(policies.mailNetwork, network)
      if (fromNetwork > 0) throw tooManyAttempts(policies.mailNetwork, fromNetwork)
      const who = pseudonyms.ofEmail(email)
      const isKnown = await knownNetworks.has(who, network)
      const [policy, subject] = isKnown ? [policies.mailKnown, `${who}/${network}`] : [policies.mailAccount, who]
      const waitMs = await throttles.take(policy, subject)
      if (waitMs > 0) throw tooManyAttempts(policy, waitMs)
    },
    requireMayRegister: ({ network }) => require(policies.taken, pseudonyms.ofNetwork(network)),
    foundTaken: ({ network }) => throttles.charge(policies.taken, pseudonyms.ofNetwork(network)),
    forget: (email) => knownNetworks.forget(pseudonyms.ofEmail(email)),
  }
}
