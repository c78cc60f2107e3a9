import { createHash } from 'node:crypto'
import type { AuditAction } from '@tradewind/contracts/audit'
import { OpenOrdersQueryV1 } from '@tradewind/contracts/privacy'
import { allRoutes } from '@tradewind/contracts/routes'
import { answerQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { Authenticator } from '@tradewind/service-testkit/authenticator'
import { client, type OutsideProvider, startOutsideProvider } from '@tradewind/service-testkit/outside-provider'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Answer, type AuthFixture, type Call, issuer, startAuth } from './auth-fixture.ts'
import { tokenOf } from './mails.ts'
import { bodyOf, type Person, password, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
let admin: Person
let provider: OutsideProvider
beforeAll(async () => {
  provider = await startOutsideProvider(`${issuer}/v1/auth/oidc/other/callback`)
  auth = await startAuth({ providerSettings: [{ ...client, name: 'other', issuer: provider.issuer }] })
  admin = await signInAdmin(auth)
  answerQuery(auth.messaging, OpenOrdersQueryV1, async () => ({ open: 0 }))
})
afterAll(async () => {
  await auth.stop()
  await provider.stop()
})

interface Change {
  /** What is written down, and nothing else. */
  readonly writes: readonly AuditAction[]
  /** Brings about what the route needs, before anybody looks at the log. */
  readonly prepare: () => Promise<() => Promise<Answer>>
}

const as = (person: Person, path: string, method: Call['method'] = 'POST', body?: unknown) =>
  auth.call(path, { method, token: person.accessToken, body })
const later = () => {
  auth.clock.now = new Date(auth.clock.now.getTime() + 61_000)
}
const codeOf = (secret: string) =>
  TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now.getTime() })

async function enrol(person: Person) {
  const { secret } = bodyOf<{ secret: string }>(await as(person, '/v1/auth/mfa/totp/enroll'))
  const answer = await as(person, '/v1/auth/mfa/totp/verify', 'POST', { code: codeOf(secret) })
  const { recoveryCodes } = bodyOf<{ recoveryCodes: string[] }>(answer)
  later()
  return { secret, recoveryCodes }
}
async function mfaTokenOf(person: Person): Promise<string> {
  const answer = await auth.post('/v1/auth/login', { email: person.email, password })
  return bodyOf<{ mfaToken: string }>(answer).mfaToken
}
interface Begun {
  ceremonyId: string
  options: { challenge: string }
}
async function beginPasskey(person: Person, device = new Authenticator()) {
  const { ceremonyId, options } = bodyOf<Begun>(await as(person, '/v1/auth/passkeys/register/options'))
  return { ceremonyId, name: 'Phone', credential: device.register({ challenge: options.challenge }, person.id) }
}
async function addPasskey(person: Person, device = new Authenticator()): Promise<string> {
  const answer = await as(person, '/v1/auth/passkeys/register/verify', 'POST', await beginPasskey(person, device))
  return bodyOf<{ id: string }>(answer).id
}
async function arriveOutside(email = `${newId('mail')}@example.org`): Promise<() => Promise<Answer>> {
  const subject = newId('sub')
  provider.people.set(subject, { email, email_verified: true, name: 'Grace' })
  const { headers } = await auth.call('/v1/auth/oidc/other/start')
  const { location, 'set-cookie': cookie } = bodyOf<{ location: string; 'set-cookie': string }>({ body: headers })
  const back = await provider.visit(location, subject)
  return () =>
    auth.call(`/v1/auth/oidc/other/callback${back.search}`, { headers: { cookie: cookie.split(';', 1)[0] ?? '' } })
}
const newClient = async (wanted: object) =>
  bodyOf<{ id: string; secret: string }>(await as(admin, '/v1/auth/clients', 'POST', { name: 'a program', ...wanted }))
const machine = { kind: 'machine', scopes: ['stock:read'] }
const redirectUri = 'https://app.test/back'
const app = { kind: 'app', scopes: ['own:use'], redirectUris: [redirectUri] }
const verifier = 'v'.repeat(43)
const authorization = (clientId: string) => ({
  response_type: 'code',
  client_id: clientId,
  redirect_uri: redirectUri,
  code_challenge: createHash('sha256').update(verifier).digest('base64url'),
  code_challenge_method: 'S256',
})
const form = (path: string, fields: Record<string, string>) => auth.call(path, { method: 'POST', form: fields })
const newKey = { name: 'till', scopes: ['own:use'], expiresInDays: 1 }

/** By somebody who has just signed up. */
const by = (work: (person: Person) => Promise<Answer>) => async () => {
  const person = await signUp(auth)
  return () => work(person)
}
/** The same, after something else was done. */
const byAfter =
  <T>(first: (person: Person) => Promise<T>, work: (person: Person, made: T) => Promise<Answer>) =>
  async () => {
    const person = await signUp(auth)
    const made = await first(person)
    return () => work(person, made)
  }

const changes: Readonly<Record<string, Change>> = {
  'POST /v1/auth/register': {
    writes: ['account.registered'],
    prepare: async () => () =>
      auth.post('/v1/auth/register', { email: `${newId('mail')}@example.org`, password, name: 'Ada' }),
  },
  'POST /v1/auth/login': {
    writes: ['sign_in.succeeded'],
    prepare: by(({ email }) => auth.post('/v1/auth/login', { email, password })),
  },
  'POST /v1/auth/login (wrong)': {
    writes: ['sign_in.failed'],
    prepare: by(({ email }) => auth.post('/v1/auth/login', { email, password: 'wrong' })),
  },
  'POST /v1/auth/logout': {
    writes: ['sign_out.one'],
    prepare: by(({ refreshToken }) => auth.post('/v1/auth/logout', { refreshToken })),
  },
  'POST /v1/auth/verify-email': {
    writes: ['account.verified'],
    prepare: byAfter(
      ({ id }) => tokenOf(auth, id, 'verify-email'),
      (_person, token) => auth.post('/v1/auth/verify-email', { token }),
    ),
  },
  'POST /v1/auth/verify-email (another address)': {
    writes: ['account.email_changed'],
    prepare: byAfter(
      async (person) => {
        later()
        await as(person, '/v1/auth/email', 'POST', { email: `${newId('mail')}@example.org` })
        return await tokenOf(auth, person.id, 'verify-email', 2)
      },
      (_person, token) => auth.post('/v1/auth/verify-email', { token }),
    ),
  },
  'POST /v1/auth/verify-email/resend': {
    writes: ['account.verification_requested'],
    prepare: byAfter(
      async () => later(),
      (person) => as(person, '/v1/auth/verify-email/resend'),
    ),
  },
  'POST /v1/auth/password/forgot': {
    writes: ['password.reset_requested'],
    prepare: by(({ email }) => auth.post('/v1/auth/password/forgot', { email })),
  },
  'POST /v1/auth/password/reset': {
    writes: ['password.reset'],
    prepare: byAfter(
      async ({ id, email }) => {
        await auth.post('/v1/auth/password/forgot', { email })
        return await tokenOf(auth, id, 'reset-password')
      },
      (_person, token) => auth.post('/v1/auth/password/reset', { token, password: `another ${password}` }),
    ),
  },
  'POST /v1/auth/password/change': {
    writes: ['password.changed'],
    prepare: by((person) =>
      as(person, '/v1/auth/password/change', 'POST', { currentPassword: password, password: `another ${password}` }),
    ),
  },
  'POST /v1/auth/password/change (wrong)': {
    writes: ['password.failed'],
    prepare: by((person) =>
      as(person, '/v1/auth/password/change', 'POST', { currentPassword: 'wrong', password: `another ${password}` }),
    ),
  },
  'PATCH /v1/auth/me': {
    writes: ['account.updated'],
    prepare: by((person) => as(person, '/v1/auth/me', 'PATCH', { name: 'Augusta', locale: 'de' })),
  },
  'POST /v1/auth/email': {
    writes: ['account.email_change_requested'],
    prepare: byAfter(
      async () => later(),
      (person) => as(person, '/v1/auth/email', 'POST', { email: `${newId('mail')}@example.org` }),
    ),
  },
  'POST /v1/auth/deactivate': {
    writes: ['account.deactivated'],
    prepare: by((person) => as(person, '/v1/auth/deactivate', 'POST', { password })),
  },
  'POST /v1/auth/mfa/totp/enroll': {
    writes: ['mfa.enrolment_begun'],
    prepare: by((person) => as(person, '/v1/auth/mfa/totp/enroll')),
  },
  'POST /v1/auth/mfa/totp/verify': {
    writes: ['mfa.enrolled'],
    prepare: byAfter(
      async (person) => bodyOf<{ secret: string }>(await as(person, '/v1/auth/mfa/totp/enroll')).secret,
      (person, secret) => as(person, '/v1/auth/mfa/totp/verify', 'POST', { code: codeOf(secret) }),
    ),
  },
  'DELETE /v1/auth/mfa/totp': {
    writes: ['mfa.removed'],
    prepare: byAfter(enrol, (person) => as(person, '/v1/auth/mfa/totp', 'DELETE')),
  },
  'POST /v1/auth/mfa/recovery-codes': {
    writes: ['recovery_codes.made'],
    prepare: byAfter(enrol, (person) => as(person, '/v1/auth/mfa/recovery-codes')),
  },
  'POST /v1/auth/mfa/challenge': {
    writes: ['sign_in.succeeded'],
    prepare: byAfter(
      async (person) => ({ ...(await enrol(person)), mfaToken: await mfaTokenOf(person) }),
      (_person, { mfaToken, secret }) => auth.post('/v1/auth/mfa/challenge', { mfaToken, code: codeOf(secret) }),
    ),
  },
  'POST /v1/auth/mfa/challenge (wrong)': {
    writes: ['mfa.failed'],
    prepare: byAfter(
      async (person) => {
        await enrol(person)
        return await mfaTokenOf(person)
      },
      (_person, mfaToken) => auth.post('/v1/auth/mfa/challenge', { mfaToken, code: 'AAAA-AAAA-AAAA-AAAA' }),
    ),
  },
  'POST /v1/auth/mfa/challenge (recovery code)': {
    writes: ['recovery_codes.used', 'sign_in.succeeded'],
    prepare: byAfter(
      async (person) => ({ ...(await enrol(person)), mfaToken: await mfaTokenOf(person) }),
      (_person, { mfaToken, recoveryCodes }) =>
        auth.post('/v1/auth/mfa/challenge', { mfaToken, code: recoveryCodes[0] }),
    ),
  },
  'POST /v1/auth/step-up': {
    writes: ['step_up.succeeded'],
    prepare: by((person) => as(person, '/v1/auth/step-up', 'POST', { password })),
  },
  'POST /v1/auth/step-up (wrong password)': {
    writes: ['password.failed'],
    prepare: by((person) => as(person, '/v1/auth/step-up', 'POST', { password: 'wrong' })),
  },
  'POST /v1/auth/step-up (wrong code)': {
    writes: ['mfa.failed'],
    prepare: byAfter(enrol, (person) => as(person, '/v1/auth/step-up', 'POST', { code: 'AAAA-AAAA-AAAA-AAAA' })),
  },
  'POST /v1/auth/passkeys/register/verify': {
    writes: ['passkey.added'],
    prepare: byAfter(beginPasskey, (person, shown) => as(person, '/v1/auth/passkeys/register/verify', 'POST', shown)),
  },
  'POST /v1/auth/passkeys/authenticate/verify': {
    writes: ['sign_in.succeeded'],
    prepare: byAfter(
      async (person) => {
        const device = new Authenticator()
        await addPasskey(person, device)
        const begun = bodyOf<Begun>(await auth.post('/v1/auth/passkeys/authenticate/options', undefined))
        const { ceremonyId, options } = begun
        return { ceremonyId, credential: device.assert({ challenge: options.challenge }) }
      },
      (_person, shown) => auth.post('/v1/auth/passkeys/authenticate/verify', shown),
    ),
  },
  'PATCH /v1/auth/passkeys/:id': {
    writes: ['passkey.renamed'],
    prepare: byAfter(addPasskey, (person, id) => as(person, `/v1/auth/passkeys/${id}`, 'PATCH', { name: 'Key' })),
  },
  'DELETE /v1/auth/passkeys/:id': {
    writes: ['passkey.removed'],
    prepare: byAfter(addPasskey, (person, id) => as(person, `/v1/auth/passkeys/${id}`, 'DELETE')),
  },
  'GET /v1/auth/oidc/:provider/callback': {
    writes: ['account.registered', 'sign_in.succeeded'],
    prepare: () => arriveOutside(),
  },
  'GET /v1/auth/oidc/:provider/callback (linked)': {
    writes: ['provider.linked', 'sign_in.succeeded'],
    prepare: async () => {
      const { id, email } = await signUp(auth)
      await auth.post('/v1/auth/verify-email', { token: await tokenOf(auth, id, 'verify-email') })
      return await arriveOutside(email)
    },
  },
  'DELETE /v1/auth/identities/:provider': {
    writes: ['provider.unlinked'],
    prepare: async () => {
      const person = bodyOf<Person>(await (await arriveOutside())())
      return () => as(person, '/v1/auth/identities/other', 'DELETE')
    },
  },
  'DELETE /v1/auth/sessions/:id': {
    writes: ['session.revoked'],
    prepare: byAfter(
      async (person) => {
        const { items } = bodyOf<{ items: { id: string }[] }>(await as(person, '/v1/auth/sessions', 'GET'))
        return items[0]?.id ?? ''
      },
      (person, id) => as(person, `/v1/auth/sessions/${id}`, 'DELETE'),
    ),
  },
  'POST /v1/auth/logout-all': {
    writes: ['sign_out.all'],
    prepare: by((person) => as(person, '/v1/auth/logout-all')),
  },
  'PUT /v1/auth/users/:id/roles': {
    writes: ['roles.changed'],
    prepare: by(({ id }) => as(admin, `/v1/auth/users/${id}/roles`, 'PUT', { roles: ['support'] })),
  },
  'POST /v1/auth/keys/rotate': {
    writes: ['key.rotated'],
    prepare: async () => () => as(admin, '/v1/auth/keys/rotate'),
  },
  'POST /v1/auth/api-keys': {
    writes: ['api_key.created'],
    prepare: by((person) => as(person, '/v1/auth/api-keys', 'POST', newKey)),
  },
  'DELETE /v1/auth/api-keys/:id': {
    writes: ['api_key.revoked'],
    prepare: byAfter(
      async (person) => bodyOf<{ id: string }>(await as(person, '/v1/auth/api-keys', 'POST', newKey)).id,
      (person, id) => as(person, `/v1/auth/api-keys/${id}`, 'DELETE'),
    ),
  },
  'POST /v1/auth/clients': {
    writes: ['client.created'],
    prepare: async () => () => as(admin, '/v1/auth/clients', 'POST', { name: 'a program', ...machine }),
  },
  'PATCH /v1/auth/clients/:id': {
    writes: ['client.changed'],
    prepare: async () => {
      const { id } = await newClient(machine)
      return () => as(admin, `/v1/auth/clients/${id}`, 'PATCH', { active: false })
    },
  },
  'POST /v1/auth/clients/:id/secret': {
    writes: ['client.changed'],
    prepare: async () => {
      const { id } = await newClient(machine)
      return () => as(admin, `/v1/auth/clients/${id}/secret`)
    },
  },
  'POST /oauth/token': {
    writes: ['client.signed_in'],
    prepare: async () => {
      const { id, secret } = await newClient(machine)
      return () => form('/oauth/token', { grant_type: 'client_credentials', client_id: id, client_secret: secret })
    },
  },
  'POST /oauth/token (wrong secret)': {
    writes: ['client.refused'],
    prepare: async () => {
      const { id } = await newClient(machine)
      return () => form('/oauth/token', { grant_type: 'client_credentials', client_id: id, client_secret: 'wrong' })
    },
  },
  'POST /oauth/authorize': {
    writes: ['app.authorized'],
    prepare: async () => {
      const [person, { id }] = [await signUp(auth), await newClient(app)]
      return () => as(person, '/oauth/authorize', 'POST', authorization(id))
    },
  },
  'POST /oauth/revoke': {
    writes: ['session.revoked'],
    prepare: async () => {
      const { id, refreshToken } = await signInByApp()
      return () => form('/oauth/revoke', { client_id: id, token: refreshToken })
    },
  },
  'POST /v1/auth/privacy/erase': {
    writes: ['privacy.erasure_requested'],
    prepare: by((person) => as(person, '/v1/auth/privacy/erase', 'POST', { password })),
  },
  'POST /v1/auth/users/:id/erasure': {
    writes: ['privacy.erasure_requested'],
    prepare: by(({ id }) => as(admin, `/v1/auth/users/${id}/erasure`)),
  },
  'POST /v1/auth/privacy/export': {
    writes: ['privacy.export_requested'],
    prepare: by((person) => as(person, '/v1/auth/privacy/export', 'POST', { password })),
  },
}

async function signInByApp() {
  const [person, { id }] = [await signUp(auth), await newClient(app)]
  const { redirectTo } = bodyOf<{ redirectTo: string }>(await as(person, '/oauth/authorize', 'POST', authorization(id)))
  const answer = await form('/oauth/token', {
    grant_type: 'authorization_code',
    client_id: id,
    redirect_uri: redirectUri,
    code: new URL(redirectTo).searchParams.get('code') ?? '',
    code_verifier: verifier,
  })
  return { id, refreshToken: bodyOf<{ refresh_token: string }>(answer).refresh_token }
}

/** What changes nothing that anybody could want to know of, and why. */
const unwritten: ReadonlyMap<string, string> = new Map([
  ['POST /v1/auth/refresh', 'goes on with a sign-in that is written down; a stolen token is, too'],
  ['POST /v1/auth/passkeys/register/options', 'only asks what to show next'],
  ['POST /v1/auth/passkeys/authenticate/options', 'only asks what to show next'],
  ['POST /oauth/introspect', 'only reads'],
])

const routes = allRoutes
  .filter(({ service, method }) => service === 'auth' && method !== 'GET')
  .map(({ method, path }) => `${method} ${path}`)

test('every route of auth that changes something is tried here', () => {
  const tried = new Set([...Object.keys(changes), ...unwritten.keys()])
  expect(routes.filter((route) => !tried.has(route))).toEqual([])
})

const entries = () =>
  auth.db
    .collection('audit')
    .find({}, { projection: { action: 1 } })
    .toArray()

test.each(Object.entries(changes))('%s is written down', async (_route, { writes, prepare }) => {
  const act = await prepare()
  await auth.deferred.settle()
  const before = new Set((await entries()).map(({ _id }) => String(_id)))
  const answer = await act()
  expect(answer.status).toBeLessThan(500)
  await auth.deferred.settle()
  const written = (await entries()).filter(({ _id }) => !before.has(String(_id)))
  expect(new Set(written.map(({ action }) => action))).toEqual(new Set(writes))
  expect(written).toHaveLength(writes.length)
})
