import { type Static, Type } from 'typebox'
import { ApiKeyId, Line, Strict, Timestamp } from './common.ts'
import { delegable } from './permissions.ts'
import { defineQuery } from './query.ts'
import { defineRoute } from './route.ts'

/** What a key, an app or a machine may be given, each a permission. */
export const Scopes = Type.Array(Type.Enum([...delegable]), { minItems: 1, maxItems: 40, uniqueItems: true })

/** What a key looks like: recognisable wherever it turns up, 256 random bits behind the prefix. */
export const apiKeyForm = /^twk_[A-Za-z0-9_-]{43}$/

export const ApiKey = Type.Object({
  id: ApiKeyId,
  name: Type.String(),
  scopes: Type.Array(Type.String()),
  /** The beginning of the key, to tell it from others. */
  prefix: Type.String(),
  createdAt: Timestamp,
  expiresAt: Timestamp,
  /** To the minute; missing for a key that was never used. */
  lastUsedAt: Type.Optional(Timestamp),
})
export type ApiKey = Static<typeof ApiKey>

export const maxApiKeys = 50

export const createApiKeyRoute = defineRoute('auth', 'POST', '/v1/auth/api-keys', 'account:manage', {
  summary: 'Makes a key that a program may use in one’s name, within its scopes; the key is shown this once',
  description: `Sent as \`Authorization: Bearer twk_…\`. An account has at most ${maxApiKeys} keys.`,
  body: Strict({
    name: Line(120),
    scopes: Scopes,
    expiresInDays: Type.Integer({ minimum: 1, maximum: 365 }),
  }),
  response: { 201: Type.Object({ ...ApiKey.properties, key: Type.String() }) },
})

export const listApiKeysRoute = defineRoute('auth', 'GET', '/v1/auth/api-keys', 'account:manage', {
  summary: 'One’s own API keys that are good, latest first; never the keys themselves',
  response: { 200: Type.Object({ items: Type.Array(ApiKey) }) },
})

export const deleteApiKeyRoute = defineRoute('auth', 'DELETE', '/v1/auth/api-keys/:id', 'account:manage', {
  summary: 'Ends an API key; nothing accepts it any more within moments',
  params: Strict({ id: ApiKeyId }),
  response: { 204: Type.Null() },
})

export const apiKeyRoutes = [createApiKeyRoute, listApiKeysRoute, deleteApiKeyRoute]

/**
 * Asked by the gateway for a key that came with a request. It tells the hash of the key and gets an access token, which is
 * all that services ever see.
 */
export const ApiKeyTokenQueryV1 = defineQuery(
  'query.auth.api-key-token.v1',
  Type.Object({ keyHash: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }) }),
  Type.Object({ accessToken: Type.Union([Type.String(), Type.Null()]) }),
)
