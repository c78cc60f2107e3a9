import type { TSchema } from 'typebox'
import { expect, test } from 'vitest'
import { isPermission, permissionNames, permissionsOf, roleNames } from '../src/permissions.ts'
import { permissionFor } from '../src/route.ts'
import { allRoutes } from '../src/routes.ts'

const named = allRoutes.map((route) => [`${route.method} ${route.path}`, route] as const)

test('no route is declared twice', () => {
  const names = named.map(([name]) => name)
  expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([])
})

test.each(named)('%s is versioned, says what it does and what it answers', (_name, { path, schema }) => {
  expect(path).toMatch(/^\/(v1\/|oauth\/|\.well-known\/)/)
  expect(schema.summary.length).toBeGreaterThan(5)
  expect(Object.keys(schema.response)).not.toHaveLength(0)
})

/** Places inside a schema where an object takes fields that it does not name. */
function openObjects(schema: TSchema, pointer = ''): string[] {
  const inner = Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? openObjects(value, `${pointer}/${key}`) : [],
  )
  const isOpen = 'type' in schema && schema.type === 'object' && !('additionalProperties' in schema)
  return isOpen ? [pointer, ...inner] : inner
}

test.each(named)('%s refuses fields that it does not name', (_name, { schema }) => {
  const parts = { body: schema.body, querystring: schema.querystring, params: schema.params }
  const open = Object.entries(parts).flatMap(([part, of]) => (of === undefined ? [] : openObjects(of, part)))
  expect(open).toEqual([])
})

/** Texts, lists and numbers without a bound. */
function unbounded(schema: TSchema, pointer = ''): string[] {
  const inner = Object.entries(schema).flatMap(([key, value]: [string, unknown]) =>
    typeof value === 'object' && value !== null ? unbounded(value, `${pointer}/${key}`) : [],
  )
  if (!('type' in schema)) return inner
  const has = (...names: string[]) => names.some((name) => name in schema)
  const isUnbounded =
    (schema.type === 'string' && !has('maxLength', 'pattern', 'format', 'enum')) ||
    (schema.type === 'array' && !has('maxItems')) ||
    (schema.type === 'integer' && !(has('minimum') && has('maximum')))
  return isUnbounded ? [pointer, ...inner] : inner
}

test.each(named)('%s bounds everything that it takes', (_name, { schema }) => {
  const parts = { body: schema.body, querystring: schema.querystring, params: schema.params }
  const open = Object.entries(parts).flatMap(([part, of]) => (of === undefined ? [] : unbounded(of, part)))
  expect(open).toEqual([])
})

test.each(named)('%s has the fields that the audit log is to hold, as codes and figures', (_name, { schema }) => {
  const fields = schema.body?.properties ?? {}
  expect((schema.audited ?? []).filter((name) => !(name in fields))).toEqual([])
  expect(schema.audited ?? []).not.toEqual(
    expect.arrayContaining([expect.stringMatching(/name|text|note|email|words/i)]),
  )
})

/** Open to everybody, on purpose. */
const publicRoutes = [
  'POST /oauth/introspect',
  'POST /oauth/revoke',
  'POST /oauth/token',
  'GET /.well-known/jwks.json',
  'GET /.well-known/oauth-authorization-server',
  'GET /.well-known/openid-configuration',
  'GET /v1/auth/privacy/erasures/:id',
  'GET /v1/availability',
  'GET /v1/categories',
  'GET /v1/facets',
  'GET /v1/images/:id',
  'GET /v1/locations',
  'GET /v1/notifications/unsubscribe',
  'GET /v1/products',
  'GET /v1/products/:id',
  'GET /v1/auth/oidc/:provider/callback',
  'GET /v1/auth/oidc/:provider/start',
  'POST /v1/auth/login',
  'POST /v1/auth/mfa/challenge',
  'POST /v1/auth/passkeys/authenticate/options',
  'POST /v1/auth/passkeys/authenticate/verify',
  'POST /v1/auth/password/forgot',
  'POST /v1/auth/password/reset',
  'POST /v1/auth/verify-email',
  'POST /v1/auth/logout',
  'POST /v1/auth/refresh',
  'POST /v1/auth/register',
  'POST /v1/notifications/bounces',
  'POST /v1/notifications/unsubscribe',
  'POST /v1/payments/webhooks/:provider',
]

test('no route is open to everybody but those named here', () => {
  const open = named.filter(([, { access }]) => access === 'public').map(([name]) => name)
  expect(open.toSorted()).toEqual(publicRoutes.toSorted())
})

test.each(named)('%s says who may call it', (_name, { access }) => {
  const declared: string | undefined = access
  expect(declared === 'public' || declared === 'user' || isPermission(declared)).toBe(true)
})

test('every permission that a route asks for is somebody’s, and admins have all', () => {
  const asked = named.flatMap(([, { access }]) => permissionFor(access) ?? [])
  expect(asked.filter((permission) => !roleNames.some((role) => permissionsOf([role]).has(permission)))).toEqual([])
  expect([...permissionsOf(['admin'])]).toEqual(permissionNames)
})
