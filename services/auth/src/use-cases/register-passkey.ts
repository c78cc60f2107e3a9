import { changed } from '@tradewind/database/decision'
import type { Attestation, Passkeys } from '../crypto/passkeys.ts'
import { beginCeremony, CeremonyOver, requireOpen, useCeremony } from '../domain/ceremony.ts'
import { addPasskey, type Passkey } from '../domain/passkey.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { ReadAccount } from './read-account.ts'
import type { WriteLetter } from './write-letter.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly passkeys: Passkeys
  readonly readAccount: ReadAccount
  readonly writeLetter: WriteLetter
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export interface Begun {
  readonly ceremonyId: string
  /** For the browser. */
  readonly options: object
}

export type BeginPasskey = (userId: string) => Promise<Begun>

export const makeBeginPasskey =
  ({ ceremonies, passkeys, readAccount, now, newId }: Ports): BeginPasskey =>
  async (userId) => {
    const { email, name, passkeys: known = [] } = await readAccount(userId)
    const challenge = passkeys.newChallenge()
    const ceremonyId = newId('cer')
    await ceremonies.insert(beginCeremony(ceremonyId, { kind: 'passkey-registration', userId, challenge }, now()))
    return { ceremonyId, options: await passkeys.registrationOptions({ userId, email, name, known }, challenge) }
  }

export interface PasskeyRegistration {
  readonly userId: string
  readonly ceremonyId: string
  readonly name: string
  readonly credential: Attestation
}

/** Throws `CeremonyOver`, `PasskeyInvalid`, `TooManyPasskeys`. */
export type RegisterPasskey = (registration: PasskeyRegistration) => Promise<Passkey>

export const makeRegisterPasskey =
  ({ accounts, ceremonies, passkeys, writeLetter, now, newId }: Ports): RegisterPasskey =>
  async ({ userId, ceremonyId, name, credential }) => {
    const challenges: string[] = []
    // Used up before it is looked at: one challenge, one try.
    await ceremonies.update(ceremonyId, (before) => {
      const ceremony = requireOpen(before, 'passkey-registration', now())
      if (ceremony.userId !== userId) throw CeremonyOver({ ceremonyId })
      challenges.push(ceremony.challenge)
      return useCeremony(ceremony, now())
    })
    const verified = await passkeys.verifyRegistration(credential, challenges.at(-1) ?? '')
    const passkey = { id: newId('psk'), name, createdAt: now(), ...verified }
    await accounts.update(userId, (before) => {
      const after = { ...before, passkeys: addPasskey(before.passkeys ?? [], passkey) }
      const news = writeLetter(after, 'second-factor-changed')
      return changed(news.account, news.event)
    })
    return passkey
  }
