import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { PasswordHasher } from './crypto/password-hasher.ts'
import { createProviders, type ProviderSettings } from './crypto/providers.ts'
import type { Secrets } from './crypto/secrets.ts'
import type { NoteAction } from './http/note-action.ts'
import { finishOutside, listIdentities, startOutside, unlinkProvider } from './http/outside-sign-in.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { CeremonyRepository } from './store/ceremony.repository.ts'
import type { CompleteSignIn } from './use-cases/complete-sign-in.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import type { Audit } from './use-cases/record-audit.ts'
import { makeFinishOutside, makeStartOutside } from './use-cases/sign-in-outside.ts'
import { makeUnlinkIdentity } from './use-cases/unlink-identity.ts'
import type { WriteLetter } from './use-cases/write-letter.ts'

interface OutsideOptions {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly passwords: PasswordHasher
  readonly secrets: Secrets
  readonly completeSignIn: CompleteSignIn
  readonly writeLetter: WriteLetter
  readonly audit: Audit
  readonly note: NoteAction
  readonly providerSettings: readonly ProviderSettings[]
  /** Where clients reach the gateway, and providers send them back to. */
  readonly publicUrl: string
  readonly pagesUrl: string | undefined
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Signing in with another provider (OpenID Connect). */
export function createOutsideRoutes(options: OutsideOptions): readonly ImplementedRoute[] {
  const ports = { ...options, providers: createProviders(options.providerSettings, options.publicUrl, options.now) }
  return [
    startOutside(makeStartOutside(ports)),
    finishOutside(makeFinishOutside(ports), options.pagesUrl),
    listIdentities(makeReadAccount(ports)),
    unlinkProvider(makeUnlinkIdentity(ports), ports.note),
  ]
}
