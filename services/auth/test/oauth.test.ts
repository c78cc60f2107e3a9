import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto'
import { newId } from '@tradewind/service-kit/ids'
import { verifyToken } from '@tradewind/service-kit/testing'
import { eventually } from '@tradewind/testkit/eventually'
import { decodeJwt, SignJWT } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type Answer, type AuthFixture, issuer, startAuth } from './auth-fixture.ts'
import { bodyOf, type Person, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
let admin: Person
beforeAll(async () => {
  auth = await startAuth()
  admin = await signInAdmin(auth)
})
afterAll(() => auth.stop())

interface Client {
  id: string
  secret?: string
}
interface TokenBody {
  access_token: string
  refresh_token?: string
  expires_in: number
  scope: string
}

const makeClient = async (wanted: object, token = admin.accessToken) =>
  auth.call('/v1/auth/clients', { method: 'POST', token, body: { name: 'a program', ...wanted } })
const newMachine = async (scopes = ['stock:read', 'stock:write']) => {
  const { id, secret = '' } = bodyOf<Client>(await makeClient({ kind: 'machine', scopes }))
  return { id, secret }
}
const redirectUri = 'https://app.test/back?from=here'
const newApp = async (scopes = ['own:use', 'orders:read:any']) =>
  bodyOf<Client>(await makeClient({ kind: 'app', scopes, redirectUris: [redirectUri] }))

const post = (path: string, form: Record<string, string>, headers = {}) =>
  auth.call(path, { method: 'POST', form, headers })
const basic = (id: string, secret: string) => ({
  authorization: `Basic ${Buffer.from(`${encodeURIComponent(id)}:${encodeURIComponent(secret)}`).toString('base64')}`,
})
const askAsMachine = ({ id, secret }: { id: string; secret: string }, more = {}) =>
  post('/oauth/token', { grant_type: 'client_credentials', ...more }, basic(id, secret))
const errorOf = (answer: Answer) => [answer.status, bodyOf<{ error?: string }>(answer).error]

function travel(ms: number) {
  const before = auth.clock.now
  onTestFinished(() => {
    auth.clock.now = before
  })
  auth.clock.now = new Date(before.getTime() + ms)
}

describe('clients', () => {
  test('are made by admins, with a secret that is shown once and kept as a hash', async () => {
    const answer = await makeClient({ kind: 'machine', scopes: ['stock:read'] })
    const { id, secret = '' } = bodyOf<Client>(answer)
    expect([answer.status, secret]).toEqual([201, expect.stringMatching(/^tws_[A-Za-z0-9_-]{43}$/)])
    expect(JSON.stringify(await auth.db.collection('clients').find().toArray())).not.toContain(secret)
    const read = await auth.call(`/v1/auth/clients/${id}`, { token: admin.accessToken })
    expect(read.body).toMatchObject({ id, hasSecret: true, active: true })
    expect(JSON.stringify(read.body)).not.toContain(secret)
    const list = await auth.call('/v1/auth/clients?limit=1', { token: admin.accessToken })
    expect(list.body).toMatchObject({ items: [{ id }] })
    const { accessToken } = await signUp(auth)
    expect((await makeClient({ kind: 'machine', scopes: ['stock:read'] }, accessToken)).status).toBe(403)
    expect((await auth.call('/v1/auth/clients', { token: accessToken })).status).toBe(403)
  })

  test.each([
    ['a machine with what is one’s own', { kind: 'machine', scopes: ['own:use'] }, 422],
    ['a machine with an address', { kind: 'machine', scopes: ['stock:read'], redirectUris: ['https://a.test/'] }, 422],
    ['an app without an address', { kind: 'app', scopes: ['own:use'] }, 422],
    ['an address in the clear', { kind: 'app', scopes: ['own:use'], redirectUris: ['http://a.test/'] }, 400],
    ['an address with a fragment', { kind: 'app', scopes: ['own:use'], redirectUris: ['https://a.test/#x'] }, 400],
    ['a script for an address', { kind: 'app', scopes: ['own:use'], redirectUris: ['javascript:alert(1)'] }, 400],
    ['the right to make clients', { kind: 'machine', scopes: ['clients:write'] }, 400],
  ])('are not made with %s', async (_name, wanted, status) => {
    expect((await makeClient(wanted)).status).toBe(status)
  })
})

describe('client_credentials', () => {
  test('gives a machine what it asks for, of what it may have', async () => {
    const machine = await newMachine()
    const answer = await askAsMachine(machine, { scope: 'stock:read' })
    expect(answer).toMatchObject({
      status: 200,
      body: { token_type: 'Bearer', expires_in: 600, scope: 'stock:read' },
      headers: { 'cache-control': 'no-store' },
    })
    const { access_token: token } = bodyOf<TokenBody>(answer)
    expect(bodyOf<TokenBody>(answer)).not.toHaveProperty('refresh_token')
    const caller = await verifyToken(auth.tokens, token)
    expect([caller.userId, [...caller.permissions]]).toEqual([machine.id, ['stock:read']])
    expect((await auth.call('/v1/auth/me', { token })).status).toBe(403)
    expect(bodyOf<TokenBody>(await askAsMachine(machine)).scope).toBe('stock:read stock:write')
  })

  test('takes the secret in the body, and not in two ways at once', async () => {
    const { id, secret } = await newMachine()
    const form = { grant_type: 'client_credentials', client_id: id, client_secret: secret }
    expect((await post('/oauth/token', form)).status).toBe(200)
    expect(errorOf(await post('/oauth/token', form, basic(id, secret)))).toEqual([400, 'invalid_request'])
  })

  test('refuses with the names of OAuth', async () => {
    const machine = await newMachine(['stock:read'])
    const app = await newApp()
    expect(errorOf(await askAsMachine({ ...machine, secret: 'wrong' }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await askAsMachine({ id: newId('cli'), secret: 'wrong' }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await askAsMachine({ ...machine, secret: '' }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await post('/oauth/token', { grant_type: 'client_credentials' }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await askAsMachine(machine, { scope: 'stock:write' }))).toEqual([400, 'invalid_scope'])
    expect(errorOf(await askAsMachine(machine, { grant_type: 'password' }))).toEqual([400, 'unsupported_grant_type'])
    const asApp = { grant_type: 'client_credentials', client_id: app.id }
    expect(errorOf(await post('/oauth/token', asApp))).toEqual([400, 'unauthorized_client'])
    expect(errorOf(await askAsMachine(machine, { audience: 'x' }))).toEqual([400, 'invalid_request'])
    const { headers } = await askAsMachine({ ...machine, secret: 'wrong' })
    expect(headers).toMatchObject({ 'www-authenticate': 'Basic realm="oauth"' })
  })

  test('ends with the secret, the scopes and the client', async () => {
    const machine = await newMachine()
    const change = (body: object) =>
      auth.call(`/v1/auth/clients/${machine.id}`, { method: 'PATCH', token: admin.accessToken, body })
    const isRefused = (token: string) =>
      verifyToken(auth.tokens, token).then(
        () => false,
        () => true,
      )
    let { access_token: token } = bodyOf<TokenBody>(await askAsMachine(machine))
    await change({ name: 'another name' })
    expect(await isRefused(token)).toBe(false)
    await change({ scopes: ['stock:read'] })
    await eventually(() => isRefused(token))

    token = bodyOf<TokenBody>(await askAsMachine(machine)).access_token
    expect(await isRefused(token)).toBe(false)
    const rotated = await auth.call(`/v1/auth/clients/${machine.id}/secret`, {
      method: 'POST',
      token: admin.accessToken,
    })
    await eventually(() => isRefused(token))
    expect((await askAsMachine(machine)).status).toBe(401)
    const renewed = { id: machine.id, secret: bodyOf<Client>(rotated).secret ?? '' }
    expect((await askAsMachine(renewed)).status).toBe(200)
    await change({ active: false })
    expect((await askAsMachine(renewed)).status).toBe(401)
  })
})

describe('private_key_jwt', () => {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const newKeyedMachine = async () => {
    const key = { kty: 'OKP', crv: 'Ed25519', x: publicKey.export({ format: 'jwk' }).x, kid: 'k1' }
    return bodyOf<Client>(await makeClient({ kind: 'machine', scopes: ['stock:read'], keys: [key] }))
  }
  const assertionOf = (id: string, claims: object = {}, key = privateKey) => {
    const now = Math.floor(auth.clock.now.getTime() / 1000)
    const payload = { iss: id, sub: id, aud: issuer, jti: newId('jti'), iat: now, exp: now + 60, ...claims }
    return new SignJWT(payload).setProtectedHeader({ alg: 'EdDSA', kid: 'k1' }).sign(key)
  }
  const askWith = (assertion: string, more: Record<string, string> = {}) =>
    post('/oauth/token', {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
      ...more,
    })

  test('proves a machine without a secret, each assertion once, also on two replicas', async () => {
    const { id, secret } = await newKeyedMachine()
    expect(secret).toBeUndefined()
    const assertion = await assertionOf(id)
    const other = await auth.startReplica()
    const form = {
      grant_type: 'client_credentials',
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: assertion,
    }
    const answers = await Promise.all(
      [auth, other, auth, other].map(({ call }) => call('/oauth/token', { method: 'POST', form })),
    )
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 401, 401, 401])
    expect((await askWith(await assertionOf(id), { client_id: id })).status).toBe(200)
  })

  test('refuses what does not prove it', async () => {
    const [mine, another] = [await newKeyedMachine(), await newKeyedMachine()]
    const now = Math.floor(auth.clock.now.getTime() / 1000)
    const { privateKey: stranger } = generateKeyPairSync('ed25519')
    const bad = await Promise.all([
      assertionOf(mine.id, {}, stranger),
      assertionOf(mine.id, { aud: 'https://elsewhere.test' }),
      assertionOf(mine.id, { sub: another.id }),
      assertionOf(mine.id, { exp: now - 1 }),
      assertionOf(mine.id, { exp: now + 3600 }),
      assertionOf(mine.id, { jti: undefined }),
      assertionOf(mine.id, { jti: 'short' }),
    ])
    for (const assertion of [...bad, 'rubbish'])
      expect(errorOf(await askWith(assertion))).toEqual([401, 'invalid_client'])
    const good = await assertionOf(mine.id)
    expect(errorOf(await askWith(good, { client_id: another.id }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await askWith(good, { client_secret: 'x' }))).toEqual([400, 'invalid_request'])
  })
})

interface Flow {
  app: Client
  person: Person
  verifier: string
  challenge: string
}
async function newFlow(): Promise<Flow> {
  const verifier = randomBytes(32).toString('base64url')
  const challenge = createHash('sha256').update(verifier).digest('base64url')
  return { app: await newApp(), person: await signUp(auth), verifier, challenge }
}
const askedBy = ({ app, challenge }: Flow, more: object = {}) => ({
  response_type: 'code',
  client_id: app.id,
  redirect_uri: redirectUri,
  code_challenge: challenge,
  code_challenge_method: 'S256',
  state: 'xyz',
  ...more,
})
const authorize = (flow: Flow, more: object = {}) =>
  auth.call('/oauth/authorize', { method: 'POST', token: flow.person.accessToken, body: askedBy(flow, more) })
async function codeOf(flow: Flow, more: object = {}): Promise<string> {
  const { redirectTo } = bodyOf<{ redirectTo: string }>(await authorize(flow, more))
  return new URL(redirectTo).searchParams.get('code') ?? ''
}
const redeem = ({ app, verifier }: Flow, code: string, more: Record<string, string> = {}) =>
  post('/oauth/token', {
    grant_type: 'authorization_code',
    client_id: app.id,
    code,
    redirect_uri: redirectUri,
    code_verifier: verifier,
    ...more,
  })
const refresh = (app: Client, token: string) =>
  post('/oauth/token', { grant_type: 'refresh_token', client_id: app.id, refresh_token: token })

describe('authorization_code', () => {
  test('shows what is asked, gives it to the app, and to nobody else', async () => {
    const flow = await newFlow()
    const asked = askedBy(flow, { scope: 'own:use' })
    const query = new URLSearchParams({ ...asked }).toString()
    expect(await auth.call(`/oauth/authorize?${query}`, { token: flow.person.accessToken })).toMatchObject({
      status: 200,
      body: { client: { id: flow.app.id }, scopes: [{ name: 'own:use' }], redirectUri },
    })
    const { redirectTo } = bodyOf<{ redirectTo: string }>(await authorize(flow, { scope: 'own:use' }))
    const back = new URL(redirectTo)
    expect(back.origin + back.pathname).toBe('https://app.test/back')
    expect(Object.fromEntries(back.searchParams)).toMatchObject({ from: 'here', state: 'xyz', iss: issuer })
    const code = back.searchParams.get('code') ?? ''
    expect(JSON.stringify(await auth.db.collection('authorization_codes').find().toArray())).not.toContain(
      code.split('.')[1],
    )
    const tokens = bodyOf<TokenBody>(await redeem(flow, code))
    expect(tokens).toMatchObject({ scope: 'own:use', expires_in: 600 })
    expect(decodeJwt(tokens.access_token)).toMatchObject({
      sub: flow.person.id,
      client_id: flow.app.id,
      scope: 'own:use',
    })
    expect((await auth.call('/v1/auth/me', { token: tokens.access_token })).status).toBe(200)
    expect((await auth.call('/v1/auth/sessions', { token: tokens.access_token })).status).toBe(403)
    expect(
      (await auth.call('/oauth/authorize', { method: 'POST', token: tokens.access_token, body: asked })).status,
    ).toBe(403)
  })

  test.each([
    ['another address', { redirect_uri: 'https://app.test/back' }],
    ['an address that begins alike', { redirect_uri: `${redirectUri}/../evil` }],
    ['an address with more behind it', { redirect_uri: `${redirectUri}&x=1` }],
    ['more than the app may have', { scope: 'stock:write' }],
    ['no challenge', { code_challenge: undefined }],
    ['the plain method', { code_challenge_method: 'plain' }],
    ['an implicit token', { response_type: 'token' }],
    ['a field that nobody named', { prompt: 'none' }],
  ])('is not begun with %s', async (_name, change) => {
    expect((await authorize(await newFlow(), change)).status).toBe(400)
  })

  test('is not begun for machines or clients that are not there', async () => {
    const flow = await newFlow()
    for (const id of [(await newMachine()).id, newId('cli')])
      expect((await authorize(flow, { client_id: id })).status).toBe(404)
  })

  test('a code is refused without its verifier, to another app, for another address, and after a minute', async () => {
    const flow = await newFlow()
    const stranger = await newApp()
    const code = await codeOf(flow)
    const other = randomBytes(32).toString('base64url')
    for (const more of [
      { code_verifier: other },
      { code_verifier: 'short' },
      { client_id: stranger.id },
      { redirect_uri: 'https://app.test/back' },
      { code: `${code.slice(0, -1)}${code.endsWith('A') ? 'B' : 'A'}` },
      { code: 'rubbish' },
    ])
      expect(errorOf(await redeem(flow, code, more))).toEqual([400, 'invalid_grant'])
    travel(60_000)
    expect(errorOf(await redeem(flow, code))).toEqual([400, 'invalid_grant'])
  })

  test('a code that is used again ends what it gave', async () => {
    const flow = await newFlow()
    const code = await codeOf(flow)
    const tokens = bodyOf<TokenBody>(await redeem(flow, code))
    expect((await auth.call('/v1/auth/me', { token: tokens.access_token })).status).toBe(200)
    expect(errorOf(await redeem(flow, code))).toEqual([400, 'invalid_grant'])
    await eventually(async () => (await auth.call('/v1/auth/me', { token: tokens.access_token })).status === 401)
    expect(errorOf(await refresh(flow.app, tokens.refresh_token ?? ''))).toEqual([400, 'invalid_grant'])
  })

  test('a code that many use at the same moment leaves nobody with a session', async () => {
    const flow = await newFlow()
    const code = await codeOf(flow)
    const answers = await Promise.all(Array.from({ length: 8 }, () => redeem(flow, code)))
    expect(answers.filter(({ status }) => status === 200).length).toBeLessThanOrEqual(1)
    const open = { userId: flow.person.id, 'app.clientId': flow.app.id, revokedAt: { $exists: false } }
    expect(await auth.db.collection('sessions').countDocuments(open)).toBe(0)
  })

  test('its refresh tokens rotate, for its app only, and narrow what they did before', async () => {
    const flow = await newFlow()
    const first = bodyOf<TokenBody>(await redeem(flow, await codeOf(flow)))
    const token = first.refresh_token ?? ''
    expect(errorOf(await refresh(await newApp(), token))).toEqual([400, 'invalid_grant'])
    expect((await auth.post('/v1/auth/refresh', { refreshToken: token })).status).toBe(401)
    const second = bodyOf<TokenBody>(await refresh(flow.app, token))
    expect(second.scope).toBe('own:use orders:read:any')
    expect(decodeJwt(second.access_token)).toMatchObject({ client_id: flow.app.id, scope: second.scope })
    expect((await verifyToken(auth.tokens, second.access_token)).permissions).toEqual(new Set(['own:use']))
    travel(11_000)
    expect(errorOf(await refresh(flow.app, token))).toEqual([400, 'invalid_grant'])
    expect(errorOf(await refresh(flow.app, second.refresh_token ?? ''))).toEqual([400, 'invalid_grant'])
    const own = await signIn(auth, flow.person)
    expect(errorOf(await refresh(flow.app, own.refreshToken))).toEqual([400, 'invalid_grant'])
    expect((await auth.post('/v1/auth/refresh', { refreshToken: own.refreshToken })).status).toBe(200)
  })

  test('ends when the app is switched off', async () => {
    const flow = await newFlow()
    const tokens = bodyOf<TokenBody>(await redeem(flow, await codeOf(flow)))
    const body = { active: false }
    await auth.call(`/v1/auth/clients/${flow.app.id}`, { method: 'PATCH', token: admin.accessToken, body })
    await eventually(async () => (await auth.call('/v1/auth/me', { token: tokens.access_token })).status === 401)
    expect((await refresh(flow.app, tokens.refresh_token ?? '')).status).toBe(401)
    expect((await authorize(flow)).status).toBe(404)
  })
})

describe('revocation and introspection', () => {
  const inspect = async (machine: { id: string; secret: string }, token: string) =>
    bodyOf<{ active: boolean }>(await post('/oauth/introspect', { token }, basic(machine.id, machine.secret)))

  test('says whose a token is, whatever it was given for, and nothing of one that is not good', async () => {
    const machine = await newMachine()
    const flow = await newFlow()
    const tokens = bodyOf<TokenBody>(await redeem(flow, await codeOf(flow)))
    expect(await inspect(machine, tokens.access_token)).toMatchObject({
      active: true,
      sub: flow.person.id,
      client_id: flow.app.id,
      scope: tokens.scope,
      token_type: 'Bearer',
      iss: issuer,
    })
    expect(await inspect(machine, tokens.refresh_token ?? '')).toMatchObject({ active: true, client_id: flow.app.id })
    expect(await inspect(machine, flow.person.accessToken)).toMatchObject({ active: true, sub: flow.person.id })
    const own = bodyOf<TokenBody>(await askAsMachine(machine))
    expect(await inspect(machine, own.access_token)).toMatchObject({ active: true, sub: machine.id })
    for (const token of ['rubbish', 'a.b.c', `${newId('ses')}.${'A'.repeat(43)}`])
      expect(await inspect(machine, token)).toEqual({ active: false })
    travel(601_000)
    expect(await inspect(machine, tokens.access_token)).toEqual({ active: false })
  })

  test('introspection is for machines that prove who they are', async () => {
    const app = await newApp()
    expect(errorOf(await post('/oauth/introspect', { token: 'x' }))).toEqual([401, 'invalid_client'])
    expect(errorOf(await post('/oauth/introspect', { token: 'x', client_id: app.id }))).toEqual([
      400,
      'unauthorized_client',
    ])
  })

  test('an app ends what it has, by either token, and nothing of others', async () => {
    const machine = await newMachine()
    const flow = await newFlow()
    const stranger = await newApp()
    const revoke = (app: Client, token: string) => post('/oauth/revoke', { client_id: app.id, token })
    for (const pick of ['access_token', 'refresh_token'] as const) {
      const tokens = bodyOf<TokenBody>(await redeem(flow, await codeOf(flow)))
      const token = tokens[pick] ?? ''
      expect((await revoke(stranger, token)).status).toBe(200)
      expect(await inspect(machine, token)).toMatchObject({ active: true })
      expect(await revoke(flow.app, token)).toMatchObject({ status: 200, body: undefined })
      expect(await inspect(machine, token)).toEqual({ active: false })
      expect(await inspect(machine, tokens.access_token)).toEqual({ active: false })
    }
    for (const token of ['rubbish', flow.person.refreshToken, flow.person.accessToken])
      expect((await revoke(flow.app, token)).status).toBe(200)
    expect(await inspect(machine, flow.person.accessToken)).toMatchObject({ active: true })
  })
})

test.each(['oauth-authorization-server', 'openid-configuration'])(
  'the metadata at %s names what is there',
  async (at) => {
    const { body } = await auth.call(`/.well-known/${at}`)
    const metadata = bodyOf<Record<string, string | string[]>>({ body })
    const answered = new Set(auth.app.routes.map(({ contract }) => contract.path))
    const places = Object.entries(metadata).filter(([name]) => /_endpoint$|_uri$/.test(name))
    expect(places).toHaveLength(5)
    for (const [, place] of places) expect(answered).toContain(new URL(String(place)).pathname)
    expect(metadata).toMatchObject({ issuer, code_challenge_methods_supported: ['S256'] })
  },
)
