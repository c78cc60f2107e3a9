import { defineError } from '@tradewind/service-kit/errors'

/** An Ed25519 public key that a client signs its assertions with. */
export interface ClientKey {
  readonly kty: 'OKP'
  readonly crv: 'Ed25519'
  readonly x: string
  readonly kid: string
}

/** A machine that is signed in by itself, or an app that people sign in to. */
export interface Client {
  readonly id: string
  readonly kind: 'machine' | 'app'
  readonly name: string
  /** The most that it can be given. */
  readonly scopes: readonly string[]
  readonly redirectUris: readonly string[]
  readonly keys: readonly ClientKey[]
  /** SHA-256; missing for an app, and for a machine that proves itself with a key. */
  readonly secretHash?: string
  readonly active: boolean
  /** How often secret, keys, scopes or activity have changed; tokens of earlier versions are refused. */
  readonly accessVersion: number
}

export const ClientNotFound = defineError('AUTH_CLIENT_NOT_FOUND', 'not-found', 'There is no such client.')
export const UnfitClient = defineError(
  'AUTH_CLIENT_UNFIT',
  'unprocessable',
  'A machine takes no redirect addresses and only the scopes of machines; an app takes redirect addresses, and neither keys nor a secret.',
)

/** Names of permissions that a machine can be given; whoever calls knows them. */
export type MachineScopes = readonly string[]

/** Throws `UnfitClient`. */
export function checkClient(client: Client, forMachines: MachineScopes): Client {
  const isFit =
    client.kind === 'machine'
      ? client.redirectUris.length === 0 && client.scopes.every((scope) => forMachines.includes(scope))
      : client.redirectUris.length > 0 && client.keys.length === 0 && client.secretHash === undefined
  if (!isFit) throw UnfitClient({ clientId: client.id })
  return client
}

export type ClientChange = Partial<Pick<Client, 'name' | 'scopes' | 'redirectUris' | 'keys' | 'active' | 'secretHash'>>

const namesOnly: ReadonlySet<string> = new Set(['name', 'redirectUris'])

/** Changes a client. What it was given before ends with anything but its name and addresses. */
export function changeClient(client: Client, change: ClientChange): Client {
  const changesAccess = Object.keys(change).some((name) => !namesOnly.has(name))
  return { ...client, ...change, accessVersion: client.accessVersion + (changesAccess ? 1 : 0) }
}
