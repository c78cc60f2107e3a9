import { type Static, Type } from 'typebox'
import { Scopes } from './api-keys.ts'
import { ClientId, Line, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineRoute } from './route.ts'

/** Exactly this address is redirected to; HTTPS, or HTTP on the machine of whoever develops (RFC 8252, 7.3). */
const RedirectUri = Type.String({
  maxLength: 512,
  pattern: '^(https://[A-Za-z0-9.-]+(:[0-9]{1,5})?|http://(127\\.0\\.0\\.1|localhost)(:[0-9]{1,5})?)/[^\\s#]*$',
})

/** A public key that the client signs its assertions with (RFC 7523): Ed25519. */
const ClientKey = Strict({
  kty: Type.Enum(['OKP']),
  crv: Type.Enum(['Ed25519']),
  x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  kid: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
})

const editable = {
  name: Line(120),
  scopes: Scopes,
  redirectUris: Type.Array(RedirectUri, { maxItems: 10, uniqueItems: true }),
  keys: Type.Array(ClientKey, { maxItems: 5 }),
}

export const Client = Type.Object({
  id: ClientId,
  kind: Type.Enum(['machine', 'app']),
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  redirectUris: Type.Array(Type.String()),
  keys: Type.Array(ClientKey),
  hasSecret: Type.Boolean(),
  active: Type.Boolean(),
  createdAt: Timestamp,
})
export type Client = Static<typeof Client>
const ClientWithSecret = Type.Object({ ...Client.properties, secret: Type.Optional(Type.String()) })

export const createClientRoute = defineRoute('auth', 'POST', '/v1/auth/clients', 'clients:write', {
  summary: 'Makes a machine that signs in by itself, or an app that people sign in to',
  description:
    'A machine gets a secret, shown this once, unless it brings public keys to prove itself with. An app has no secret: it proves itself with PKCE.',
  body: Strict({
    kind: Type.Enum(['machine', 'app']),
    name: editable.name,
    scopes: editable.scopes,
    redirectUris: Type.Optional(editable.redirectUris),
    keys: Type.Optional(editable.keys),
  }),
  response: { 201: ClientWithSecret },
})

export const listClientsRoute = defineRoute('auth', 'GET', '/v1/auth/clients', 'clients:read', {
  summary: 'Clients, latest first',
  querystring: Strict(pageQuery),
  response: { 200: Page(Client) },
})

const ofClient = { params: Strict({ id: ClientId }) }

export const getClientRoute = defineRoute('auth', 'GET', '/v1/auth/clients/:id', 'clients:read', {
  summary: 'One client',
  ...ofClient,
  response: { 200: Client },
})

export const changeClientRoute = defineRoute('auth', 'PATCH', '/v1/auth/clients/:id', 'clients:write', {
  summary: 'Changes a client, or switches it off; what it was given under the old terms is refused within moments',
  ...ofClient,
  body: Type.Object(
    { ...Type.Partial(Type.Object(editable)).properties, active: Type.Optional(Type.Boolean()) },
    { additionalProperties: false, minProperties: 1 },
  ),
  response: { 200: Client },
})

export const rotateClientSecretRoute = defineRoute('auth', 'POST', '/v1/auth/clients/:id/secret', 'clients:write', {
  summary: 'Gives a machine a new secret, shown this once; the old one and its tokens end',
  ...ofClient,
  response: { 200: ClientWithSecret },
})

const text = (maxLength: number) => Type.Optional(Type.String({ minLength: 1, maxLength }))

/** How a client proves who it is, in the body; a secret may come by HTTP Basic instead. */
const clientProof = {
  client_id: text(64),
  client_secret: text(256),
  client_assertion_type: Type.Optional(Type.Enum(['urn:ietf:params:oauth:client-assertion-type:jwt-bearer'])),
  client_assertion: text(4096),
}

const TokenAnswer = Type.Object({
  access_token: Type.String(),
  token_type: Type.Enum(['Bearer']),
  expires_in: Type.Integer(),
  scope: Type.String(),
  refresh_token: Type.Optional(Type.String()),
})

export const oauthTokenRoute = defineRoute('auth', 'POST', '/oauth/token', 'public', {
  summary: 'Gives tokens to clients (RFC 6749, OAuth 2.1)',
  description:
    'Grants: `client_credentials`, `authorization_code` with PKCE, `refresh_token`. Errors have `error` and `error_description` (RFC 6749, 5.2). Parameters that are not named here are refused.',
  form: true,
  body: Strict({
    ...clientProof,
    grant_type: Type.String({ minLength: 1, maxLength: 64 }),
    scope: text(1024),
    code: text(256),
    redirect_uri: text(512),
    code_verifier: text(128),
    refresh_token: text(256),
  }),
  response: { 200: TokenAnswer },
})

export const oauthRevokeRoute = defineRoute('auth', 'POST', '/oauth/revoke', 'public', {
  summary: 'Ends what a token of the client belongs to (RFC 7009); always 200 for a client that is known',
  form: true,
  body: Strict({
    ...clientProof,
    token: Type.String({ minLength: 1, maxLength: 4096 }),
    token_type_hint: text(64),
  }),
  response: { 200: Type.Null() },
})

export const oauthIntrospectRoute = defineRoute('auth', 'POST', '/oauth/introspect', 'public', {
  summary: 'Says whether a token is good and whose it is (RFC 7662); for machines',
  form: true,
  body: Strict({
    ...clientProof,
    token: Type.String({ minLength: 1, maxLength: 4096 }),
    token_type_hint: text(64),
  }),
  response: {
    200: Type.Object({
      active: Type.Boolean(),
      scope: Type.Optional(Type.String()),
      client_id: Type.Optional(Type.String()),
      token_type: Type.Optional(Type.String()),
      exp: Type.Optional(Type.Integer()),
      iat: Type.Optional(Type.Integer()),
      sub: Type.Optional(Type.String()),
      aud: Type.Optional(Type.String()),
      iss: Type.Optional(Type.String()),
    }),
  },
})

/** The S256 of a verifier, 32 bytes in base64url (RFC 7636); plain is not taken. */
const Challenge = Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' })

const authorization = {
  response_type: Type.Enum(['code']),
  client_id: ClientId,
  redirect_uri: Type.String({ minLength: 1, maxLength: 512 }),
  code_challenge: Challenge,
  code_challenge_method: Type.Enum(['S256']),
  scope: text(1024),
  state: text(512),
}

export const showAuthorizationRoute = defineRoute('auth', 'GET', '/oauth/authorize', 'account:manage', {
  summary: 'Says what an app asks of the person who is signed in; nothing is given yet',
  querystring: Strict(authorization),
  response: {
    200: Type.Object({
      client: Type.Object({ id: ClientId, name: Type.String() }),
      scopes: Type.Array(Type.Object({ name: Type.String(), meaning: Type.String() })),
      redirectUri: Type.String(),
    }),
  },
})

export const authorizeRoute = defineRoute('auth', 'POST', '/oauth/authorize', 'account:manage', {
  summary: 'Gives an app what it asks for, in the name of the person who is signed in',
  description: 'Answers with the address to go back to, which carries a code that is good once and for a minute.',
  body: Strict(authorization),
  response: { 200: Type.Object({ redirectTo: Type.String() }) },
})

const names = Type.Array(Type.String())

const metadata = {
  summary: 'What the authorization server can do (RFC 8414)',
  response: {
    200: Type.Object({
      issuer: Type.String(),
      authorization_endpoint: Type.String(),
      token_endpoint: Type.String(),
      revocation_endpoint: Type.String(),
      introspection_endpoint: Type.String(),
      jwks_uri: Type.String(),
      scopes_supported: names,
      response_types_supported: names,
      grant_types_supported: names,
      token_endpoint_auth_methods_supported: names,
      token_endpoint_auth_signing_alg_values_supported: names,
      introspection_endpoint_auth_methods_supported: names,
      revocation_endpoint_auth_methods_supported: names,
      code_challenge_methods_supported: names,
      authorization_response_iss_parameter_supported: Type.Boolean(),
    }),
  },
}

export const oauthMetadataRoute = defineRoute(
  'auth',
  'GET',
  '/.well-known/oauth-authorization-server',
  'public',
  metadata,
)
export const openidConfigurationRoute = defineRoute('auth', 'GET', '/.well-known/openid-configuration', 'public', {
  ...metadata,
  summary: 'The same, where clients of OpenID Connect look for it (RFC 8414, 5); there are no ID tokens',
})

export const oauthRoutes = [
  createClientRoute,
  listClientsRoute,
  getClientRoute,
  changeClientRoute,
  rotateClientSecretRoute,
  oauthTokenRoute,
  oauthRevokeRoute,
  oauthIntrospectRoute,
  showAuthorizationRoute,
  authorizeRoute,
  oauthMetadataRoute,
  openidConfigurationRoute,
]
