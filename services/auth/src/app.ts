import { networkOf } from '@tradewind/service-kit/client-address'
import { newId } from '@tradewind/service-kit/ids'
import { createKeyring } from '@tradewind/service-kit/keyring'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createAccess } from './access-app.ts'
import { createAccounts } from './account-app.ts'
import { createAccessTokens } from './crypto/access-tokens.ts'
import { isCommonPassword } from './crypto/common-passwords.ts'
import { createLetterTokens } from './crypto/letter-tokens.ts'
import type { RelyingParty } from './crypto/passkeys.ts'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import type { ProviderSettings } from './crypto/providers.ts'
import { createRefreshTokens } from './crypto/refresh-tokens.ts'
import { secrets } from './crypto/secrets.ts'
import type { SessionLifetime } from './domain/session.ts'
import { createFactors } from './factor-app.ts'
import { createGuard, type GuardOptions } from './guard-app.ts'
import { logIn } from './http/log-in.route.ts'
import { logOut } from './http/log-out.route.ts'
import { makeNoteAction } from './http/note-action.ts'
import { readMe } from './http/read-account.route.ts'
import { refresh } from './http/refresh-session.route.ts'
import { register } from './http/register.route.ts'
import { createOAuth } from './oauth-app.ts'
import { createOutsideRoutes } from './outside-app.ts'
import { createPasskeyRoutes } from './passkey-app.ts'
import { createPrivacy, type PersonQueries } from './privacy-app.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { AccountEraser } from './store/account-eraser.ts'
import type { AdminRegister } from './store/admin-register.ts'
import type { ApiKeyRepository } from './store/api-key.repository.ts'
import type { AuthorizationCodeRepository } from './store/authorization-code.repository.ts'
import type { CeremonyRepository } from './store/ceremony.repository.ts'
import type { ClientRepository } from './store/client.repository.ts'
import type { AssertionRegister } from './store/client-assertion.register.ts'
import type { ErasureRepository } from './store/erasure.repository.ts'
import type { PersonExportRepository } from './store/person-export.repository.ts'
import type { SessionRepository } from './store/session.repository.ts'
import type { SigningKeys } from './store/signing-key.repository.ts'
import { makeCompleteSignIn, makeSignIn } from './use-cases/complete-sign-in.ts'
import type { DeferredWork } from './use-cases/deferred-work.ts'
import { type EnsureOperator, makeEnsureOperator } from './use-cases/ensure-operator.ts'
import type { EraseUser } from './use-cases/erase-user.ts'
import { type ExchangeApiKey, makeExchangeApiKey } from './use-cases/exchange-api-key.ts'
import type { ExportPerson } from './use-cases/export-person.ts'
import { type FindContact, makeFindContact } from './use-cases/find-contact.ts'
import { makeLogIn } from './use-cases/log-in.ts'
import { makeLogOut } from './use-cases/log-out.ts'
import { makeEndApiKeys } from './use-cases/manage-api-keys.ts'
import { makeOpenSession } from './use-cases/open-session.ts'
import { makePurgeEnded, type PurgeEnded } from './use-cases/purge-ended.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import type { ReadAccountMail } from './use-cases/read-account-mail.ts'
import { makeRecordOperatorAction, type RecordOperatorAction } from './use-cases/record-operator-action.ts'
import { makeRefreshSession } from './use-cases/refresh-session.ts'
import { makeRegisterAccount } from './use-cases/register-account.ts'
import { makeRevokeSession, makeRevokeSessions } from './use-cases/revoke-sessions.ts'
import type { KeepSigningKeys } from './use-cases/rotate-signing-key.ts'
import type { SealAudit } from './use-cases/seal-audit.ts'
import type { VerifyAudit } from './use-cases/verify-audit.ts'
import { makeWriteLetter } from './use-cases/write-letter.ts'

export interface AppOptions {
  readonly accounts: AccountRepository
  readonly admins: AdminRegister
  readonly sessions: SessionRepository
  readonly apiKeys: ApiKeyRepository
  readonly clients: ClientRepository
  readonly ceremonies: CeremonyRepository
  readonly codes: AuthorizationCodeRepository
  readonly assertions: AssertionRegister
  readonly erasures: ErasureRepository
  readonly personExports: PersonExportRepository
  readonly eraser: AccountEraser
  readonly persons: PersonQueries
  readonly passwords: PasswordHasher
  readonly guard: Omit<GuardOptions, 'now'>
  readonly keys: SigningKeys
  readonly keyRotation: { readonly everyMs: number; readonly publishMs: number }
  /** Secret keys, `id:key`, separated by commas. */
  readonly secretKeys: string
  readonly lifetime: SessionLifetime
  readonly staffNeedsMfa: boolean
  /** True when an account counts once its address is verified, and registering tells nothing. */
  readonly registerByMail: boolean
  /** What code generators and devices show. */
  readonly productName: string
  readonly relyingParty: RelyingParty
  readonly providerSettings: readonly ProviderSettings[]
  /** Where the pages are that links of mails lead to. */
  readonly pagesUrl: string | undefined
  readonly deferred: DeferredWork
  readonly issuer: string
  /** Where clients reach the routes of this service. */
  readonly publicUrl: string
  readonly audience: string
  readonly now: () => Date
}

export interface App {
  readonly routes: readonly ImplementedRoute[]
  readonly findContact: FindContact
  readonly readAccountMail: ReadAccountMail
  readonly ensureOperator: EnsureOperator
  readonly exchangeApiKey: ExchangeApiKey
  readonly keepSigningKeys: KeepSigningKeys
  readonly purgeEnded: PurgeEnded
  readonly sealAudit: SealAudit
  readonly erase: EraseUser
  readonly exports: ExportPerson
  readonly verifyAudit: VerifyAudit
  readonly recordOperatorAction: RecordOperatorAction
}

/** Wires auth together; nothing is read or written before a route or a use case is called. */
export function createApp(options: AppOptions): App {
  const accessTokens = createAccessTokens({ ...options, currentKey: options.keys.current, newId })
  const refreshTokens = createRefreshTokens(createKeyring(options.secretKeys, 'tradewind auth refresh tokens'))
  const guarded = createGuard({ ...options.guard, now: options.now })
  const { guard, audit, pseudonyms, sealAudit, verifyAudit } = guarded
  const letterTokens = createLetterTokens(createKeyring(options.secretKeys, 'tradewind auth mail links'))
  const base = {
    ...options,
    guard,
    audit,
    pseudonyms,
    note: makeNoteAction(audit),
    accessTokens,
    refreshTokens,
    letterTokens,
    secrets,
    isCommonPassword,
    newId,
  }
  const openSession = makeOpenSession(base)
  const refreshSession = makeRefreshSession(base)
  const revoke = makeRevokeSession(base)
  const revokeSessions = makeRevokeSessions({ ...base, revoke })
  const endApiKeys = makeEndApiKeys(base)
  const writeLetter = makeWriteLetter(base)
  const signIn = makeSignIn({ ...base, openSession })
  const completeSignIn = makeCompleteSignIn({ ...base, signIn })
  const ports = {
    ...base,
    openSession,
    signIn,
    completeSignIn,
    refreshSession,
    revoke,
    revokeSessions,
    endApiKeys,
    writeLetter,
  }
  const accounts = createAccounts(ports)
  const access = createAccess(ports)
  const privacy = createPrivacy({ ...ports, auditLog: options.guard.auditLog })
  return {
    routes: [
      register(makeRegisterAccount(ports)),
      logIn(makeLogIn(ports)),
      refresh(refreshSession),
      logOut(makeLogOut(ports)),
      readMe(makeReadAccount(ports)),
      ...accounts.routes,
      ...createFactors(ports),
      ...createPasskeyRoutes(ports),
      ...createOutsideRoutes(ports),
      ...access.routes,
      ...createOAuth(ports),
      ...guarded.routes,
      ...privacy.routes,
    ],
    findContact: makeFindContact(ports),
    readAccountMail: accounts.readAccountMail,
    ensureOperator: makeEnsureOperator(ports),
    exchangeApiKey: makeExchangeApiKey(ports),
    keepSigningKeys: access.keepSigningKeys,
    purgeEnded: makePurgeEnded(ports),
    sealAudit,
    erase: privacy.erase,
    exports: privacy.exports,
    verifyAudit,
    recordOperatorAction: makeRecordOperatorAction({ ...ports, auditLog: options.guard.auditLog, networkOf }),
  }
}
