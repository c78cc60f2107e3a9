import { Type } from 'typebox'
import { SignedIn } from './auth.ts'
import { Strict, Timestamp } from './common.ts'
import { defineRoute, recentSignIn } from './route.ts'

const ProviderName = Type.String({ pattern: '^[a-z][a-z0-9-]{0,31}$', maxLength: 32 })
const params = Strict({ provider: ProviderName })
/** What a provider adds to the address it sends somebody back to. */
const given = (maxLength: number) => Type.Optional(Type.String({ maxLength }))

export const startOutsideSignInRoute = defineRoute('auth', 'GET', '/v1/auth/oidc/:provider/start', 'public', {
  summary: 'Sends the browser to another provider to sign in there; good for five minutes, in this browser',
  params,
  querystring: Strict({
    cookies: Type.Optional(Type.Enum(['true'], { description: 'signs in with cookies, and goes on to the pages' })),
  }),
  response: { 302: Type.Null() },
})

export const finishOutsideSignInRoute = defineRoute('auth', 'GET', '/v1/auth/oidc/:provider/callback', 'public', {
  summary: 'Takes what the other provider says, and signs in',
  description:
    'To the account that is linked; else to the one whose verified address the provider vouches for; else to a new one.',
  params,
  querystring: Strict({
    code: given(2048),
    state: Type.String({ pattern: '^[A-Za-z0-9_-]+$', minLength: 1, maxLength: 128 }),
    iss: given(512),
    error: given(128),
    error_description: given(1024),
    error_uri: given(1024),
    session_state: given(512),
    scope: given(1024),
    authuser: given(64),
    prompt: given(64),
    hd: given(256),
  }),
  response: { 200: SignedIn, 303: Type.Null() },
})

export const listIdentitiesRoute = defineRoute('auth', 'GET', '/v1/auth/identities', 'account:manage', {
  summary: 'The other providers that one’s account is linked to',
  response: { 200: Type.Object({ items: Type.Array(Type.Object({ provider: Type.String(), linkedAt: Timestamp })) }) },
})

export const unlinkIdentityRoute = defineRoute('auth', 'DELETE', '/v1/auth/identities/:provider', 'account:manage', {
  summary: 'Unlinks another provider; a password, old or by mail, still lets in',
  recent: recentSignIn,
  params,
  response: { 204: Type.Null() },
})

export const outsideSignInRoutes = [
  startOutsideSignInRoute,
  finishOutsideSignInRoute,
  listIdentitiesRoute,
  unlinkIdentityRoute,
]
