import { changed } from '@tradewind/database/decision'
import type { Assertion, Passkeys } from '../crypto/passkeys.ts'
import { isActive } from '../domain/account-changes.ts'
import type { Method } from '../domain/authentication.ts'
import { beginCeremony, requireOpen, useCeremony } from '../domain/ceremony.ts'
import { PasskeyRefused, usePasskey } from '../domain/passkey.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { SignIn } from './complete-sign-in.ts'
import type { Origin } from './guard-sign-in.ts'
import type { TokenPair } from './open-session.ts'
import type { Begun } from './register-passkey.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly passkeys: Passkeys
  readonly signIn: SignIn
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export type BeginPasskeySignIn = () => Promise<Begun>

export const makeBeginPasskeySignIn =
  ({ ceremonies, passkeys, now, newId }: Ports): BeginPasskeySignIn =>
  async () => {
    const challenge = passkeys.newChallenge()
    const ceremonyId = newId('cer')
    await ceremonies.insert(beginCeremony(ceremonyId, { kind: 'passkey-sign-in', challenge }, now()))
    return { ceremonyId, options: await passkeys.signInOptions(challenge) }
  }

/** Signs in by a passkey alone: the device has asked for its owner's finger or PIN. Throws `CeremonyOver`, `PasskeyRefused`. */
export type SignInWithPasskey = (
  shown: { readonly ceremonyId: string; readonly credential: Assertion },
  origin: Origin,
) => Promise<TokenPair>

/** RFC 8176: a key was proved to be there, and its user, too. */
const methods: readonly Method[] = ['pop', 'user', 'mfa']

export const makeSignInWithPasskey =
  ({ accounts, ceremonies, passkeys, signIn, now }: Ports): SignInWithPasskey =>
  async ({ ceremonyId, credential }, origin) => {
    const challenges: string[] = []
    await ceremonies.update(ceremonyId, (before) => {
      const ceremony = requireOpen(before, 'passkey-sign-in', now())
      challenges.push(ceremony.challenge)
      return useCeremony(ceremony, now())
    })
    const userId = passkeys.ownerOf(credential)
    const account = userId === undefined ? undefined : await accounts.find(userId)
    const passkey = account?.passkeys?.find(({ credentialId }) => credentialId === credential.id)
    if (account === undefined || passkey === undefined) throw PasskeyRefused()
    const use = await passkeys.verifyAssertion(credential, challenges.at(-1) ?? '', passkey)
    const updated = await accounts.update(account.id, (before) => {
      if (!isActive(before)) throw PasskeyRefused({ userId })
      return changed({ ...before, passkeys: usePasskey(before.passkeys ?? [], use, now()) })
    })
    return await signIn(updated, { methods, origin })
  }
