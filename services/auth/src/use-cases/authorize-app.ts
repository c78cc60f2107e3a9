import type { Secrets } from '../crypto/secrets.ts'
import { createCode } from '../domain/authorization-code.ts'
import { type Client, ClientNotFound } from '../domain/client.ts'
import { InvalidRequest } from '../domain/oauth-errors.ts'
import { givenScope } from '../domain/scope.ts'
import type { AuthorizationCodeRepository } from '../store/authorization-code.repository.ts'
import type { ClientRepository } from '../store/client.repository.ts'

export interface AuthorizationRequest {
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
  readonly scope: string | undefined
  readonly state: string | undefined
}

interface AskedAuthorization {
  readonly client: Client
  readonly scopes: readonly string[]
}

/** What an app asks for. Throws `ClientNotFound`, `InvalidRequest` for another address than one of its own, `InvalidScope`. */
export type ShowAuthorization = (request: AuthorizationRequest) => Promise<AskedAuthorization>
/** Gives it, and answers with the address to go back to. */
export type AuthorizeApp = (userId: string, request: AuthorizationRequest) => Promise<string>

interface Ports {
  readonly clients: ClientRepository
  readonly codes: AuthorizationCodeRepository
  readonly secrets: Secrets
  readonly issuer: string
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeShowAuthorization =
  ({ clients }: Pick<Ports, 'clients'>): ShowAuthorization =>
  async ({ clientId, redirectUri, scope }) => {
    const client = await clients.find(clientId)
    if (client?.kind !== 'app' || !client.active) throw ClientNotFound({ clientId })
    // Character by character; anything looser has been a way round it (RFC 9700, 4.1.3).
    if (!client.redirectUris.includes(redirectUri)) throw InvalidRequest({ redirectUri })
    return { client, scopes: givenScope(scope, client.scopes) }
  }

export const makeAuthorizeApp = ({ clients, codes, secrets, issuer, now, newId }: Ports): AuthorizeApp => {
  const show = makeShowAuthorization({ clients })
  return async (userId, request) => {
    const { redirectUri, challenge, state } = request
    const { client, scopes } = await show(request)
    const { secret, hash: codeHash } = secrets.create()
    const id = newId('cod')
    await codes.insert(createCode({ id, codeHash, clientId: client.id, userId, redirectUri, challenge, scopes }, now()))
    const back = new URL(redirectUri)
    back.searchParams.set('code', `${id}.${secret}`)
    if (state !== undefined) back.searchParams.set('state', state)
    // So that an app that speaks with several servers knows which one answered (RFC 9207).
    back.searchParams.set('iss', issuer)
    return back.href
  }
}
