import { type Static, Type } from 'typebox'
import { Page, pageQuery, SessionId, Strict, Timestamp, UserId } from './common.ts'
import { roleNames } from './permissions.ts'
import { defineRoute } from './route.ts'

export const Role = Type.Enum([...roleNames])
export type Role = Static<typeof Role>

export const Session = Type.Object({
  id: SessionId,
  /** True for the one that asks. */
  isCurrent: Type.Boolean(),
  /** What the client said of itself when it last signed in or refreshed. */
  device: Type.Optional(Type.String()),
  address: Type.Optional(Type.String()),
  createdAt: Timestamp,
  lastSeenAt: Timestamp,
  expiresAt: Timestamp,
})
export type Session = Static<typeof Session>

export const listSessionsRoute = defineRoute('auth', 'GET', '/v1/auth/sessions', 'account:manage', {
  summary: 'One’s own sessions that are good, latest first',
  querystring: Strict(pageQuery),
  response: { 200: Page(Session) },
})

export const endSessionRoute = defineRoute('auth', 'DELETE', '/v1/auth/sessions/:id', 'account:manage', {
  summary: 'Ends one of one’s own sessions; its access tokens are refused within moments',
  params: Strict({ id: SessionId }),
  response: { 204: Type.Null() },
})

export const logoutAllRoute = defineRoute('auth', 'POST', '/v1/auth/logout-all', 'account:manage', {
  summary: 'Ends all of one’s own sessions, this one included',
  response: { 204: Type.Null() },
})

const UserEntry = Type.Object({
  id: UserId,
  email: Type.String(),
  name: Type.String(),
  roles: Type.Array(Role),
  emailVerified: Type.Boolean(),
  createdAt: Timestamp,
})

export const listUsersRoute = defineRoute('auth', 'GET', '/v1/auth/users', 'users:read', {
  summary: 'Accounts, by e-mail address',
  querystring: Strict({
    ...pageQuery,
    email: Type.Optional(
      Type.String({ minLength: 1, maxLength: 254, pattern: '^[^\\s$]+$', description: 'how the address begins' }),
    ),
  }),
  response: { 200: Page(UserEntry) },
})

const Roles = Type.Object({ roles: Type.Array(Role) })
const ofUser = { params: Strict({ id: UserId }) }

export const getRolesRoute = defineRoute('auth', 'GET', '/v1/auth/users/:id/roles', 'users:read', {
  summary: 'The roles of an account',
  ...ofUser,
  response: { 200: Roles },
})

export const setRolesRoute = defineRoute('auth', 'PUT', '/v1/auth/users/:id/roles', 'roles:write', {
  summary: 'Gives and takes roles; access tokens with the old ones are refused within moments',
  description: 'The last admin stays one.',
  ...ofUser,
  body: Strict({ roles: Type.Array(Role, { minItems: 1, maxItems: roleNames.length, uniqueItems: true }) }),
  response: { 200: Roles },
})

const SigningKey = Type.Object({
  kid: Type.String(),
  status: Type.Enum(['published', 'signing', 'retiring'], {
    description: 'published before it signs, signing, or kept only until what it signed has expired',
  }),
  createdAt: Timestamp,
  signsFrom: Timestamp,
})

export const listSigningKeysRoute = defineRoute('auth', 'GET', '/v1/auth/keys', 'keys:read', {
  summary: 'The keys that sign access tokens, latest first',
  response: { 200: Type.Object({ items: Type.Array(SigningKey) }) },
})

export const rotateSigningKeysRoute = defineRoute('auth', 'POST', '/v1/auth/keys/rotate', 'keys:write', {
  summary: 'Publishes a new key, which signs as soon as everybody has had time to fetch it',
  description: 'While one is published and does not sign yet, it is answered with that one and makes no other.',
  response: { 202: SigningKey },
})

export const accessRoutes = [
  listSessionsRoute,
  endSessionRoute,
  logoutAllRoute,
  listUsersRoute,
  getRolesRoute,
  setRolesRoute,
  listSigningKeysRoute,
  rotateSigningKeysRoute,
]
