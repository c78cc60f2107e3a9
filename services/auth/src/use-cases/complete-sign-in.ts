import type { Secrets } from '../crypto/secrets.ts'
import type { Account } from '../domain/account.ts'
import type { Method } from '../domain/authentication.ts'
import { beginCeremony } from '../domain/ceremony.ts'
import { isTotpActive } from '../domain/totp.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { OpenSession, TokenPair } from './open-session.ts'
import type { Audit } from './record-audit.ts'

export interface MfaRequired {
  readonly mfaRequired: true
  readonly mfaToken: string
}

export type SignInOutcome = TokenPair | MfaRequired

/** What a way in has shown. */
export interface ShownFactors {
  readonly methods: readonly Method[]
  readonly origin: Origin
  /** Another provider that vouched for it. */
  readonly provider?: string
}

/** Goes on after a first factor: with a session, or with a question for the second. */
export type CompleteSignIn = (account: Account, shown: ShownFactors) => Promise<SignInOutcome>

/** Opens the session of somebody who has shown all that is asked for, and writes it down. */
export type SignIn = (account: Account, shown: ShownFactors) => Promise<TokenPair>

interface SignInPorts {
  readonly openSession: OpenSession
  readonly audit: Audit
  readonly now: () => Date
}

export const makeSignIn =
  ({ openSession, audit, now }: SignInPorts): SignIn =>
  async (account, { methods, origin, provider }) => {
    const { id } = account
    const [pair] = await Promise.all([
      openSession(account, origin.device, { authentication: { at: now(), methods } }),
      // At once, since both have to be durable before the answer: an entry without a session was an answer that got lost.
      audit.record({
        action: 'sign_in.succeeded',
        actor: { kind: 'user', id },
        subject: id,
        origin,
        detail: { methods: methods.join(' '), ...(provider !== undefined && { provider }) },
      }),
    ])
    return pair
  }

interface Ports {
  readonly ceremonies: CeremonyRepository
  readonly secrets: Secrets
  readonly signIn: SignIn
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeCompleteSignIn =
  ({ ceremonies, secrets, signIn, now, newId }: Ports): CompleteSignIn =>
  async (account, shown) => {
    if (!isTotpActive(account.totp)) return await signIn(account, shown)
    const id = newId('cer')
    const { secret, hash: secretHash } = secrets.create()
    const { methods } = shown
    await ceremonies.insert(
      beginCeremony(id, { kind: 'second-factor', userId: account.id, secretHash, methods, tries: 0 }, now()),
    )
    return { mfaRequired: true, mfaToken: `${id}.${secret}` }
  }
