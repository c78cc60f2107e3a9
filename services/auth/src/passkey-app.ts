import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createPasskeys, type RelyingParty } from './crypto/passkeys.ts'
import type { NoteAction } from './http/note-action.ts'
import {
  beginRegistration,
  beginSignIn,
  listPasskeys,
  register,
  remove,
  rename,
  signIn,
} from './http/passkeys.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { CeremonyRepository } from './store/ceremony.repository.ts'
import type { SignIn } from './use-cases/complete-sign-in.ts'
import { makeDeletePasskey, makeRenamePasskey } from './use-cases/manage-passkeys.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import type { Audit } from './use-cases/record-audit.ts'
import { makeBeginPasskey, makeRegisterPasskey } from './use-cases/register-passkey.ts'
import { makeBeginPasskeySignIn, makeSignInWithPasskey } from './use-cases/sign-in-with-passkey.ts'
import type { WriteLetter } from './use-cases/write-letter.ts'

interface PasskeyOptions {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly signIn: SignIn
  readonly audit: Audit
  readonly note: NoteAction
  readonly writeLetter: WriteLetter
  readonly relyingParty: RelyingParty
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Signing in with what a device keeps (WebAuthn). */
export function createPasskeyRoutes(options: PasskeyOptions): readonly ImplementedRoute[] {
  const readAccount = makeReadAccount(options)
  const ports = { ...options, readAccount, passkeys: createPasskeys(options.relyingParty) }
  return [
    beginRegistration(makeBeginPasskey(ports)),
    register(makeRegisterPasskey(ports), ports.note),
    beginSignIn(makeBeginPasskeySignIn(ports)),
    signIn(makeSignInWithPasskey(ports)),
    listPasskeys(readAccount),
    rename(makeRenamePasskey(ports), ports.note),
    remove(makeDeletePasskey(ports), ports.note),
  ]
}
