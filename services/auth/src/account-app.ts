import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { LetterTokens } from './crypto/letter-tokens.ts'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import { changeAddress, resendVerification, verifyAddress } from './http/email.route.ts'
import type { NoteAction } from './http/note-action.ts'
import { changeOwnPassword, forgot, reset } from './http/password.route.ts'
import { closeAccount, updateProfile } from './http/profile.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import { makeChangeEmail } from './use-cases/change-email.ts'
import { makeChangePassword } from './use-cases/change-password.ts'
import { makeChangeProfile } from './use-cases/change-profile.ts'
import { makeDeactivateAccount } from './use-cases/deactivate-account.ts'
import type { DeferredWork } from './use-cases/deferred-work.ts'
import { makeForgotPassword } from './use-cases/forgot-password.ts'
import type { GuardSignIn } from './use-cases/guard-sign-in.ts'
import type { EndApiKeys } from './use-cases/manage-api-keys.ts'
import { makeOpenLetter } from './use-cases/open-letter.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import { makeReadAccountMail, type ReadAccountMail } from './use-cases/read-account-mail.ts'
import type { Audit } from './use-cases/record-audit.ts'
import { makeResetPassword } from './use-cases/reset-password.ts'
import type { RevokeSessions } from './use-cases/revoke-sessions.ts'
import { makeSendVerification } from './use-cases/send-verification.ts'
import { makeVerifyEmail } from './use-cases/verify-email.ts'
import type { WriteLetter } from './use-cases/write-letter.ts'

interface AccountOptions {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly guard: GuardSignIn
  readonly note: NoteAction
  readonly audit: Audit
  readonly isCommonPassword: (password: string) => boolean
  readonly letterTokens: LetterTokens
  readonly writeLetter: WriteLetter
  readonly deferred: DeferredWork
  readonly revokeSessions: RevokeSessions
  readonly endApiKeys: EndApiKeys
  readonly pagesUrl: string | undefined
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

interface AccountApp {
  readonly routes: readonly ImplementedRoute[]
  readonly readAccountMail: ReadAccountMail
}

/** What people do with their own account, and by mail. */
export function createAccounts(options: AccountOptions): AccountApp {
  const ports = { ...options, openLetter: makeOpenLetter(options), readAccount: makeReadAccount(options) }
  return {
    routes: [
      verifyAddress(makeVerifyEmail(ports)),
      resendVerification(makeSendVerification(ports), ports.note),
      forgot(makeForgotPassword(ports)),
      reset(makeResetPassword(ports)),
      changeOwnPassword(makeChangePassword(ports), ports.note),
      updateProfile(makeChangeProfile(ports), ports.note),
      changeAddress(makeChangeEmail(ports), ports.note),
      closeAccount(makeDeactivateAccount(ports), ports.note),
    ],
    readAccountMail: makeReadAccountMail(ports),
  }
}
