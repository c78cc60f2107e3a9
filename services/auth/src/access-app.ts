import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { secrets } from './crypto/secrets.ts'
import { createApiKey, deleteApiKey, listApiKeys } from './http/api-keys.route.ts'
import type { NoteAction } from './http/note-action.ts'
import { endSession, listSessions, logOutEverywhere } from './http/sessions.route.ts'
import { listKeys, listSigningKeys, rotateSigningKeys } from './http/signing-keys.route.ts'
import { changeRoles, getRoles, listUsers } from './http/users.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { AdminRegister } from './store/admin-register.ts'
import type { ApiKeyRepository } from './store/api-key.repository.ts'
import type { SessionRepository } from './store/session.repository.ts'
import type { SigningKeys } from './store/signing-key.repository.ts'
import { makeEndSession } from './use-cases/end-session.ts'
import { makeListSessions } from './use-cases/list-sessions.ts'
import { makeListUsers } from './use-cases/list-users.ts'
import { makeDeleteApiKey, makeListApiKeys, makeMakeApiKey } from './use-cases/manage-api-keys.ts'
import { makeReadAccount } from './use-cases/read-account.ts'
import type { RevokeSession, RevokeSessions } from './use-cases/revoke-sessions.ts'
import { type KeepSigningKeys, makeKeepSigningKeys, makeRotateSigningKey } from './use-cases/rotate-signing-key.ts'
import { makeSetRoles } from './use-cases/set-roles.ts'

interface AccessOptions {
  readonly accounts: AccountRepository
  readonly admins: AdminRegister
  readonly apiKeys: ApiKeyRepository
  readonly sessions: SessionRepository
  readonly keys: SigningKeys
  readonly keyRotation: { readonly everyMs: number; readonly publishMs: number }
  readonly revoke: RevokeSession
  readonly note: NoteAction
  readonly revokeSessions: RevokeSessions
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

interface AccessApp {
  readonly routes: readonly ImplementedRoute[]
  readonly keepSigningKeys: KeepSigningKeys
}

/** Who may what, and by which sessions and keys. */
export function createAccess(options: AccessOptions): AccessApp {
  const { keys, keyRotation, revokeSessions, note } = options
  const ports = { ...options, ...keyRotation, secrets }
  const rotate = makeRotateSigningKey(ports)
  return {
    routes: [
      listSessions(makeListSessions(ports)),
      endSession(makeEndSession(ports), note),
      logOutEverywhere(revokeSessions, note),
      listUsers(makeListUsers(ports)),
      getRoles(makeReadAccount(ports)),
      changeRoles(makeSetRoles(ports), note),
      createApiKey(makeMakeApiKey(ports), note),
      listApiKeys(makeListApiKeys(ports)),
      deleteApiKey(makeDeleteApiKey(ports), note),
      listSigningKeys(keys),
      rotateSigningKeys(rotate, note),
      listKeys(keys),
    ],
    keepSigningKeys: makeKeepSigningKeys({ ...ports, rotate }),
  }
}
