import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { AccessTokens } from './crypto/access-tokens.ts'
import { createClientAssertions } from './crypto/client-assertions.ts'
import { createIssuedTokens } from './crypto/issued-tokens.ts'
import { challengeOf } from './crypto/pkce.ts'
import type { RefreshTokens } from './crypto/refresh-tokens.ts'
import { secrets } from './crypto/secrets.ts'
import { changeClient, createClient, getClient, listClients, rotateClientSecret } from './http/clients.route.ts'
import type { NoteAction } from './http/note-action.ts'
import { authorize, showAuthorization } from './http/oauth-authorize.route.ts'
import { showMetadata } from './http/oauth-metadata.route.ts'
import { giveTokens, introspectToken, revokeToken } from './http/oauth-tokens.route.ts'
import type { AccountRepository } from './store/account.repository.ts'
import type { ApiKeyRepository } from './store/api-key.repository.ts'
import type { AuthorizationCodeRepository } from './store/authorization-code.repository.ts'
import type { ClientRepository } from './store/client.repository.ts'
import type { AssertionRegister } from './store/client-assertion.register.ts'
import type { SessionRepository } from './store/session.repository.ts'
import type { SigningKeys } from './store/signing-key.repository.ts'
import { makeAuthenticateClient } from './use-cases/authenticate-client.ts'
import { makeAuthorizeApp, makeShowAuthorization } from './use-cases/authorize-app.ts'
import { makeFindClient } from './use-cases/find-client.ts'
import { makeGiveTokens } from './use-cases/give-tokens.ts'
import type { GuardSignIn } from './use-cases/guard-sign-in.ts'
import { makeInspectToken, makeRevokeToken } from './use-cases/inspect-token.ts'
import { makeChangeClient, makeMakeClient, makeRotateClientSecret } from './use-cases/manage-clients.ts'
import type { OpenSession } from './use-cases/open-session.ts'
import type { Audit } from './use-cases/record-audit.ts'
import type { RefreshSession } from './use-cases/refresh-session.ts'
import type { RevokeSession } from './use-cases/revoke-sessions.ts'

interface OAuthOptions {
  readonly accounts: AccountRepository
  readonly apiKeys: ApiKeyRepository
  readonly sessions: SessionRepository
  readonly clients: ClientRepository
  readonly codes: AuthorizationCodeRepository
  readonly assertions: AssertionRegister
  readonly keys: SigningKeys
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly openSession: OpenSession
  readonly refreshSession: RefreshSession
  readonly revoke: RevokeSession
  readonly guard: GuardSignIn
  readonly audit: Audit
  readonly note: NoteAction
  readonly issuer: string
  readonly publicUrl: string
  readonly audience: string
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** What machines and apps ask for (OAuth 2.1), and what admins decide about them. */
export function createOAuth(options: OAuthOptions): readonly ImplementedRoute[] {
  const { issuer, publicUrl, audience, keys, now, clients, note } = options
  const clientAssertions = createClientAssertions([issuer, new URL('/oauth/token', publicUrl).href], now)
  const issuedTokens = createIssuedTokens({ publishedKeys: keys.published, issuer, audience, now })
  const ports = { ...options, secrets, challengeOf, clientAssertions, issuedTokens }
  const authenticate = makeAuthenticateClient(ports)
  return [
    createClient(makeMakeClient(ports), note),
    listClients(clients),
    getClient(makeFindClient(ports)),
    changeClient(makeChangeClient(ports), note),
    rotateClientSecret(makeRotateClientSecret(ports), note),
    giveTokens(authenticate, makeGiveTokens(ports)),
    revokeToken(authenticate, makeRevokeToken(ports)),
    introspectToken(authenticate, makeInspectToken(ports), { issuer, audience }),
    showAuthorization(makeShowAuthorization(ports)),
    authorize(makeAuthorizeApp(ports), note),
    ...showMetadata(issuer, publicUrl),
  ]
}
