import type { Secrets } from '../crypto/secrets.ts'
import { isActive } from '../domain/account-changes.ts'
import type { Method } from '../domain/authentication.ts'
import { CeremonyOver, countTry, requireOpen, useCeremony } from '../domain/ceremony.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { CheckCode } from './check-code.ts'
import type { SignIn } from './complete-sign-in.ts'
import type { Origin } from './guard-sign-in.ts'
import type { DevicePair } from './log-in.ts'

/** Completes a sign-in with a code. Throws `CeremonyOver`, `InvalidCode`, `TooManyCodes`, `TooManyAttempts`. */
export type AnswerChallenge = (answer: { mfaToken: string; code: string }, origin: Origin) => Promise<DevicePair>

interface Ports {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly secrets: Secrets
  readonly checkCode: CheckCode
  readonly signIn: SignIn
  readonly now: () => Date
}

const form = /^(cer_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/

export const makeAnswerChallenge =
  ({ accounts, ceremonies, secrets, checkCode, signIn, now }: Ports): AnswerChallenge =>
  async ({ mfaToken, code }, origin) => {
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
    const known = await accounts.find(first.userId)
    if (known === undefined) throw CeremonyOver({ id })
    const { account, attempt } = await checkCode(known, { code, origin, actor: { kind: 'nobody' } })
    await ceremonies.update(id, (before) => useCeremony(requireOpen(before, 'second-factor', now()), now()))
    if (!isActive(account)) throw CeremonyOver({ id })
    const methods: readonly Method[] = [...first.methods, 'otp', 'mfa']
    const tokens = await signIn(account, { methods, origin })
    return { ...tokens, deviceToken: await attempt.succeeded() }
  }
