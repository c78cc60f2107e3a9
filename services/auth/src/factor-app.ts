import { createKeyring } from '@tradewind/service-kit/keyring'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createSeal } from '@tradewind/service-kit/sealing'
import type { AccessTokens } from './crypto/access-tokens.ts'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import { createRecoveryCodes } from './crypto/recovery-codes.ts'
import { secrets } from './crypto/secrets.ts'
import { createTotpCodes } from './crypto/totp-codes.ts'
import {
  answerWithCode,
  enrolGenerator,
  removeGenerator,
  renewRecoveryCodes,
  showAgain,
  showFactors,
  verifyGenerator,
} from './http/mfa.route.ts'
import type { NoteAction } from './http/note-action.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { CeremonyRepository } from './store/ceremony.repository.ts'
import type { SessionRepository } from './store/session.repository.ts'
import { makeAnswerChallenge } from './use-cases/answer-challenge.ts'
import { makeCheckCode } from './use-cases/check-code.ts'
import type { SignIn } from './use-cases/complete-sign-in.ts'
import type { GuardSignIn } from './use-cases/guard-sign-in.ts'
import { makeActivateTotp, makeEnrolTotp, makeNewRecoveryCodes, makeRemoveTotp } from './use-cases/manage-totp.ts'
import { makeNoteAuthentication } from './use-cases/note-authentication.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import type { Audit } from './use-cases/record-audit.ts'
import { makeStepUp } from './use-cases/step-up.ts'
import type { WriteLetter } from './use-cases/write-letter.ts'

interface FactorOptions {
  readonly accounts: AccountRepository
  readonly sessions: SessionRepository
  readonly ceremonies: CeremonyRepository
  readonly passwords: PasswordHasher
  readonly accessTokens: AccessTokens
  readonly signIn: SignIn
  readonly writeLetter: WriteLetter
  readonly guard: GuardSignIn
  readonly audit: Audit
  readonly note: NoteAction
  readonly secretKeys: string
  /** What code generators show beside the address. */
  readonly productName: string
  readonly staffNeedsMfa: boolean
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Second factors, and showing once more who one is. */
export function createFactors(options: FactorOptions): readonly ImplementedRoute[] {
  const { secretKeys, productName, accessTokens } = options
  const base = {
    ...options,
    secrets,
    totpCodes: createTotpCodes(createSeal(createKeyring(secretKeys, 'tradewind auth code generators')), productName),
    recoveryCodes: createRecoveryCodes(createKeyring(secretKeys, 'tradewind auth recovery codes')),
  }
  const ports = {
    ...base,
    checkCode: makeCheckCode(base),
    readAccount: makeReadAccount(base),
    noteAuthentication: makeNoteAuthentication(base),
  }
  return [
    showFactors(ports.readAccount),
    enrolGenerator(makeEnrolTotp(ports), ports.note),
    verifyGenerator(makeActivateTotp(ports), ports.note),
    removeGenerator(makeRemoveTotp(ports), ports.note),
    renewRecoveryCodes(makeNewRecoveryCodes(ports), ports.note),
    answerWithCode(makeAnswerChallenge(ports)),
    showAgain(makeStepUp(ports), accessTokens.lifetimeSeconds, ports.note),
  ]
}
