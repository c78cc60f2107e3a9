import { forMachines, isPermission, type Permission } from '@tradewind/contracts/permissions'
import { ClientChangedV1 } from '@tradewind/contracts/revocation'
import type { Stored } from '@tradewind/database/aggregate-store'
import { changed } from '@tradewind/database/decision'
import type { Secrets } from '../crypto/secrets.ts'
import { ScopeTooWide } from '../domain/api-key.ts'
import {
  type Client,
  type ClientChange,
  type ClientKey,
  changeClient,
  checkClient,
  UnfitClient,
} from '../domain/client.ts'
import type { ClientRepository } from '../store/client.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { RevokeSession } from './revoke-sessions.ts'

type StoredClient = Client & Stored

interface WantedClient {
  readonly kind: 'machine' | 'app'
  readonly name: string
  readonly scopes: readonly string[]
  readonly redirectUris?: readonly string[]
  readonly keys?: readonly ClientKey[]
  /** What whoever makes the client may do. */
  readonly permissions: ReadonlySet<Permission>
}

interface WantedChange {
  readonly id: string
  readonly change: Omit<ClientChange, 'secretHash'>
  readonly permissions: ReadonlySet<Permission>
}

export type MakeClient = (wanted: WantedClient) => Promise<{ client: StoredClient; secret: string | undefined }>
export type ChangeClient = (wanted: WantedChange) => Promise<StoredClient>
export type RotateClientSecret = (id: string) => Promise<{ client: StoredClient; secret: string }>

interface Ports {
  readonly clients: ClientRepository
  readonly sessions: SessionRepository
  readonly revoke: RevokeSession
  readonly secrets: Secrets
  readonly newId: (prefix: string) => string
}

function refuseWiderScopes(scopes: readonly string[], permissions: ReadonlySet<Permission>): void {
  if (!scopes.every((scope) => isPermission(scope) && permissions.has(scope))) throw ScopeTooWide({ scopes })
}

/** Throws `ScopeTooWide` and `UnfitClient`. */
export const makeMakeClient =
  ({ clients, secrets, newId }: Ports): MakeClient =>
  async ({ permissions, kind, name, scopes, redirectUris = [], keys = [] }) => {
    refuseWiderScopes(scopes, permissions)
    const made = kind === 'machine' && keys.length === 0 ? secrets.create('tws_') : undefined
    const client: Client = {
      id: newId('cli'),
      kind,
      name,
      scopes,
      redirectUris,
      keys,
      ...(made && { secretHash: made.hash }),
      active: true,
      accessVersion: 1,
    }
    return { client: await clients.insert(checkClient(client, forMachines)), secret: made?.secret }
  }

/** The event that ends what the client was given, when anything but its name and addresses changed. */
const changedBy = (before: Client, after: Client, newId: Ports['newId']) => {
  const { id: clientId, accessVersion } = after
  if (accessVersion === before.accessVersion) return changed(after)
  return changed(after, ClientChangedV1.create(newId('evt'), { clientId, accessVersion }))
}

/**
 * Changes a client. Sessions that an app had opened end with a change of what it may do; the change comes first, so that it
 * cannot open another under the old terms. Throws `ClientNotFound`, `ScopeTooWide` and `UnfitClient`.
 */
export const makeChangeClient =
  ({ clients, sessions, revoke, newId }: Ports): ChangeClient =>
  async ({ id, change, permissions }) => {
    if (change.scopes !== undefined) refuseWiderScopes(change.scopes, permissions)
    const client = await clients.update(id, (before) =>
      changedBy(before, checkClient(changeClient(before, change), forMachines), newId),
    )
    if (change.scopes !== undefined || change.active === false)
      for (const sessionId of await sessions.openOfClient(id)) await revoke(sessionId, 'logout')
    return client
  }

/** Throws `ClientNotFound`, and `UnfitClient` for an app. */
export const makeRotateClientSecret =
  ({ clients, secrets, newId }: Ports): RotateClientSecret =>
  async (id) => {
    const { secret, hash: secretHash } = secrets.create('tws_')
    const client = await clients.update(id, (before) => {
      if (before.kind !== 'machine') throw UnfitClient({ id })
      return changedBy(before, changeClient(before, { secretHash }), newId)
    })
    return { client, secret }
  }
