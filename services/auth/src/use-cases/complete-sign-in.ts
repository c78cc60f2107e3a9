import type { Secrets } from '../crypto/secrets.ts'
import type { Account } from '../domain/account.ts'
import type { Method } from '../domain/authentication.ts'
import { beginCeremony } from '../domain/ceremony.ts'
import type { Device } from '../domain/session.ts'
import { isTotpActive } from '../domain/totp.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { OpenSession, TokenPair } from './open-session.ts'

export interface MfaRequired {
  readonly mfaRequired: true
  readonly mfaToken: string
}

export type SignInOutcome = TokenPair | MfaRequired

/** Goes on after a first factor: with a session, or with a question for the second. */
export type CompleteSignIn = (account: Account, methods: readonly Method[], device: Device) => Promise<SignInOutcome>

interface Ports {
  readonly ceremonies: CeremonyRepository
  readonly secrets: Secrets
  readonly openSession: OpenSession
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeCompleteSignIn =
  ({ ceremonies, secrets, openSession, now, newId }: Ports): CompleteSignIn =>
  async (account, methods, device) => {
    if (!isTotpActive(account.totp))
      return await openSession(account, device, { authentication: { at: now(), methods } })
    const id = newId('cer')
    const { secret, hash: secretHash } = secrets.create()
    await ceremonies.insert(
      beginCeremony(id, { kind: 'second-factor', userId: account.id, secretHash, methods, tries: 0 }, now()),
    )
    return { mfaRequired: true, mfaToken: `${id}.${secret}` }
  }
