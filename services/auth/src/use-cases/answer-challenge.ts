import type { Secrets } from '../crypto/secrets.ts'
import { isActive } from '../domain/account-changes.ts'
import type { Method } from '../domain/authentication.ts'
import { CeremonyOver, countTry, requireOpen, useCeremony } from '../domain/ceremony.ts'
import type { Device } from '../domain/session.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { CheckCode } from './check-code.ts'
import type { OpenSession, TokenPair } from './open-session.ts'

/** Completes a sign-in with a code. Throws `CeremonyOver`, `InvalidCode`, `TooManyCodes`. */
export type AnswerChallenge = (answer: { mfaToken: string; code: string }, device: Device) => Promise<TokenPair>

interface Ports {
  readonly ceremonies: CeremonyRepository
  readonly secrets: Secrets
  readonly checkCode: CheckCode
  readonly openSession: OpenSession
  readonly now: () => Date
}

const form = /^(cer_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/

export const makeAnswerChallenge =
  ({ ceremonies, secrets, checkCode, openSession, now }: Ports): AnswerChallenge =>
  async ({ mfaToken, code }, device) => {
    const [, id, secret] = form.exec(mfaToken) ?? []
    if (id === undefined || secret === undefined) throw CeremonyOver()
    const begun: { userId: string; methods: readonly Method[] }[] = []
    await ceremonies.update(id, (before) => {
      const ceremony = requireOpen(before, 'second-factor', now())
      if (!secrets.matches(secret, ceremony.secretHash)) throw CeremonyOver({ id })
      begun.push(ceremony)
      return countTry(ceremony)
    })
    const [first] = begun
    if (first === undefined) throw CeremonyOver({ id })
    const account = await checkCode(first.userId, code)
    await ceremonies.update(id, (before) => useCeremony(requireOpen(before, 'second-factor', now()), now()))
    if (!isActive(account)) throw CeremonyOver({ id })
    const methods: readonly Method[] = [...first.methods, 'otp', 'mfa']
    return await openSession(account, device, { authentication: { at: now(), methods } })
  }
