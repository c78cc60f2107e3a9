import { Type } from 'typebox'
import { Role } from './access.ts'
import { Email, SessionId, Strict, UserId } from './common.ts'
import { CookieSession, cookieQuery } from './cookies.ts'
import { defineEvent } from './event.ts'
import { NewPassword } from './password.ts'
import { defineQuery } from './query.ts'
import { defineRoute } from './route.ts'

export const User = Type.Object({ id: UserId, email: Type.String(), name: Type.String(), roles: Type.Array(Role) })

export const Tokens = Type.Object({
  accessToken: Type.String(),
  refreshToken: Type.String(),
  tokenType: Type.Enum(['Bearer']),
  expiresIn: Type.Integer({ description: 'seconds until the access token expires' }),
})

const GivenPassword = Type.String({ minLength: 1, maxLength: 256 })
/** Given by an earlier sign-in on this device; whoever shows it is not held up by strangers who guess. */
const DeviceToken = Type.String({ minLength: 1, maxLength: 128, pattern: '^[A-Za-z0-9_.-]+$' })
/** What a sign-in is continued with when it takes a second factor. */
export const MfaToken = Type.String({ pattern: '^[A-Za-z0-9_.-]+$', minLength: 1, maxLength: 128 })
const MfaRequired = Type.Object({
  mfaRequired: Type.Literal(true),
  mfaToken: Type.String({ description: 'for POST /v1/auth/mfa/challenge, within five minutes' }),
})

/** What answers a sign-in by something other than a password. */
export const TokensOrCookies = Type.Union([Tokens, CookieSession])

const deviceToken = { deviceToken: Type.Optional(DeviceToken) }
/** Pages that hold their tokens in cookies are shown no token at all; their network is known. */
const TokensOfDevice = Type.Object({ ...Tokens.properties, ...deviceToken })
/** What completes a sign-in that began with a password. */
export const PasswordSession = Type.Union([TokensOfDevice, CookieSession])
/** Whatever a sign-in may come to: tokens, the same in cookies where that was asked for, or a question for more. */
export const SignedIn = Type.Union([TokensOfDevice, CookieSession, MfaRequired])

const RefreshToken = Type.String({ minLength: 1, maxLength: 256 })

const withCookies = 'The token stands in the body, or with `cookies=true` in its cookie, and then nowhere else.'

export const registerRoute = defineRoute('auth', 'POST', '/v1/auth/register', 'public', {
  summary: 'Creates a customer account and signs it in',
  description:
    'Where the system registers by mail (AUTH_REGISTER_BY_MAIL), every address is answered 202 and the rest is in a mail: nobody signs in before the address is verified.',
  body: Strict({ email: Email, password: NewPassword, name: Type.String({ minLength: 1, maxLength: 120 }) }),
  response: { 201: Type.Object({ user: User, ...Tokens.properties, ...deviceToken }), 202: Type.Null() },
})

export const loginRoute = defineRoute('auth', 'POST', '/v1/auth/login', 'public', {
  summary: 'Signs in with e-mail and password',
  querystring: cookieQuery,
  body: Strict({ email: Email, password: GivenPassword, deviceToken: Type.Optional(DeviceToken) }),
  response: { 200: SignedIn },
})

export const refreshRoute = defineRoute('auth', 'POST', '/v1/auth/refresh', 'public', {
  summary: 'Exchanges a refresh token for a new pair; a token used twice revokes its whole session',
  description: withCookies,
  querystring: cookieQuery,
  body: Strict({ refreshToken: Type.Optional(RefreshToken) }),
  response: { 200: TokensOrCookies },
})

export const logoutRoute = defineRoute('auth', 'POST', '/v1/auth/logout', 'public', {
  summary: 'Ends the session that the refresh token belongs to',
  description: withCookies,
  querystring: cookieQuery,
  body: Strict({ refreshToken: Type.Optional(RefreshToken) }),
  response: { 204: Type.Null() },
})

export const meRoute = defineRoute('auth', 'GET', '/v1/auth/me', 'user', {
  summary: 'The signed-in account',
  response: { 200: Type.Object({ ...User.properties, emailVerified: Type.Boolean() }) },
})

export const jwksRoute = defineRoute('auth', 'GET', '/.well-known/jwks.json', 'public', {
  summary: 'The public keys that access tokens are signed with (RFC 7517)',
  response: {
    200: Type.Object({
      keys: Type.Array(
        Type.Object({
          kty: Type.String(),
          crv: Type.String(),
          x: Type.String(),
          kid: Type.String(),
          alg: Type.String(),
          use: Type.String(),
        }),
      ),
    }),
  },
})

export const authRoutes = [registerRoute, loginRoute, refreshRoute, logoutRoute, meRoute, jwksRoute]

/** Published once per account, when it is created. */
export const UserRegisteredV1 = defineEvent('auth.user.registered.v1', Type.Object({ userId: UserId }))
/** Published when a refresh token that was exchanged already is shown again: somebody copied it. */
export const RefreshReuseDetectedV1 = defineEvent(
  'auth.refresh.reuse_detected.v1',
  Type.Object({ userId: UserId, sessionId: SessionId }),
)

/** Where to write to an account. Asked when a mail goes out, so that no event carries an address. */
export const UserContactQueryV1 = defineQuery(
  'query.auth.user-contact.v1',
  Type.Object({ userId: UserId }),
  Type.Object({ contact: Type.Union([Type.Object({ email: Type.String(), name: Type.String() }), Type.Null()]) }),
)
