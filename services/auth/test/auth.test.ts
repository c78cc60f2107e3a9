import { authRoutes, UserContactQueryV1, UserRegisteredV1 } from '@tradewind/contracts/auth'
import { MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { askQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { verifyToken } from '@tradewind/service-kit/testing'
import { createJwksSource, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { eventually } from '@tradewind/testkit/eventually'
import { decodeJwt, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { answerUserContact } from '../src/events/answer-user-contact.ts'
import { openKeys } from '../src/store/open-keys.ts'
import { type AuthFixture, secretKeys, startAuth } from './auth-fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

const password = 'correct horse battery staple'
const newEmail = () => `${newId('mail')}@example.org`

interface Registered {
  user: { id: string; email: string; name: string; roles: string[] }
  accessToken: string
  refreshToken: string
  tokenType: string
  expiresIn: number
}

async function register(email = newEmail()): Promise<Registered> {
  const { status, body } = await auth.post('/v1/auth/register', { email, password, name: 'Ada' })
  expect(status).toBe(201)
  return JSON.parse(JSON.stringify(body))
}

const asRegistered = (body: unknown): Registered => JSON.parse(JSON.stringify(body))

const refresh = (refreshToken: string) => auth.post('/v1/auth/refresh', { refreshToken })

async function refreshed(refreshToken: string): Promise<{ refreshToken: string; accessToken: string }> {
  const { status, body } = await refresh(refreshToken)
  expect(status).toBe(200)
  return JSON.parse(JSON.stringify(body))
}

const me = async (accessToken: string) => {
  const headers = { authorization: `Bearer ${accessToken}` }
  const response = await auth.server.inject({ url: '/v1/auth/me', headers })
  return { status: response.statusCode, body: response.json() }
}

const sessionOf = (accessToken: string) => String(decodeJwt(accessToken)['sid'])
const eventsOf = (sessionId: string) =>
  auth.published.filter(({ data }) => JSON.stringify(data).includes(sessionId)).map(({ type }) => type)

describe('registering', () => {
  test('creates a customer, signs it in and says so once', async () => {
    const { user, ...tokens } = await register()
    expect(user).toEqual({
      id: expect.stringMatching(/^usr_[0-9a-f]{32}$/),
      email: user.email,
      name: 'Ada',
      roles: ['customer'],
    })
    expect(tokens).toEqual({
      accessToken: expect.any(String),
      refreshToken: expect.any(String),
      tokenType: 'Bearer',
      expiresIn: 600,
      deviceToken: expect.any(String),
    })
    expect(await me(tokens.accessToken)).toEqual({ status: 200, body: { ...user, emailVerified: false } })
    const told = () => auth.published.filter(({ data }) => JSON.stringify(data).includes(user.id))
    await eventually(() => told().length === 2)
    expect(told()).toMatchObject([
      { type: UserRegisteredV1.type, data: { userId: user.id } },
      { type: MailRequestedV1.type, data: { userId: user.id, kind: 'verify-email' } },
    ])
  })

  test('refuses an address that is taken, however it is spelled', async () => {
    const email = newEmail()
    await register(email)
    const again = await auth.post('/v1/auth/register', { email: email.toUpperCase(), password, name: 'Eve' })
    expect(again).toMatchObject({ status: 409, body: { code: 'AUTH_EMAIL_TAKEN' } })
  })

  test('makes one account of many attempts at the same moment', async () => {
    const email = newEmail()
    const attempts = await Promise.all(
      Array.from({ length: 8 }, () => auth.post('/v1/auth/register', { email, password, name: 'Ada' })),
    )
    expect(attempts.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      201, 409, 409, 409, 409, 409, 409, 409,
    ])
  })

  test('refuses the address as the password', async () => {
    const email = newEmail()
    const response = await auth.post('/v1/auth/register', { email, password: email.toUpperCase(), name: 'Ada' })
    expect(response).toMatchObject({
      status: 400,
      body: { code: 'AUTH_PASSWORD_IS_EMAIL', errors: [{ pointer: '/password' }] },
    })
  })

  test('keeps no password and no token in the clear', async () => {
    const { refreshToken, accessToken } = await register()
    const stored = JSON.stringify([
      await auth.db.collection('accounts').find().toArray(),
      await auth.db.collection('sessions').find().toArray(),
    ])
    expect(stored).toContain('$argon2id$v=19$m=19456,t=2,p=1$')
    for (const secret of [password, refreshToken, refreshToken.split('.')[1] ?? '', accessToken])
      expect(stored).not.toContain(secret)
  })
})

describe('signing in', () => {
  test('gives a new session, whatever the spelling of the address', async () => {
    const { user, accessToken } = await register()
    const { status, body, headers } = await auth.post('/v1/auth/login', { email: user.email.toUpperCase(), password })
    expect(status).toBe(200)
    expect(headers).toMatchObject({ 'cache-control': 'no-store' })
    const pair: Registered = JSON.parse(JSON.stringify(body))
    expect(Object.keys(pair).toSorted((a, b) => a.localeCompare(b))).toEqual([
      'accessToken',
      'deviceToken',
      'expiresIn',
      'refreshToken',
      'tokenType',
    ])
    expect(sessionOf(pair.accessToken)).not.toBe(sessionOf(accessToken))
  })

  test('answers the same to a wrong password and to an unknown address', async () => {
    const { user } = await register()
    const wrong = await auth.post('/v1/auth/login', { email: user.email, password: 'wrong' })
    const unknown = await auth.post('/v1/auth/login', { email: newEmail(), password: 'wrong' })
    expect(wrong).toMatchObject({ status: 401, body: { code: 'AUTH_INVALID_CREDENTIALS' } })
    expect(unknown.body).toEqual(wrong.body)
    expect(unknown.status).toBe(wrong.status)
    expect(wrong.headers).toHaveProperty('www-authenticate')
  })

  test('gives an access token in the profile of RFC 9068', async () => {
    const { user, accessToken } = await register()
    expect(decodeProtectedHeader(accessToken)).toEqual({ alg: 'EdDSA', typ: 'at+jwt', kid: expect.any(String) })
    const issuedAt = Math.floor(auth.clock.now.getTime() / 1000)
    expect(decodeJwt(accessToken)).toEqual({
      iss: 'https://tradewind.test',
      aud: 'tradewind',
      sub: user.id,
      sid: expect.stringMatching(/^ses_/),
      jti: expect.stringMatching(/^jti_/),
      roles: ['customer'],
      acr: 'aal1',
      amr: ['pwd'],
      auth_time: issuedAt,
      iat: issuedAt,
      exp: issuedAt + 600,
    })
  })
})

describe('refreshing', () => {
  test('exchanges a token for the next pair of the same session', async () => {
    const first = await register()
    const second = await refreshed(first.refreshToken)
    const third = await refreshed(second.refreshToken)
    expect(sessionOf(third.accessToken)).toBe(sessionOf(first.accessToken))
    expect(new Set([first, second, third].map(({ refreshToken }) => refreshToken)).size).toBe(3)
  })

  test('ends the session when an exchanged token is shown again', async () => {
    const first = await register()
    const second = await refreshed(first.refreshToken)
    const third = await refreshed(second.refreshToken)
    const reused = await refresh(first.refreshToken)
    expect(reused).toMatchObject({ status: 401, body: { code: 'AUTH_INVALID_REFRESH_TOKEN' } })
    expect((await refresh(third.refreshToken)).status).toBe(401)
    const sessionId = sessionOf(first.accessToken)
    await eventually(() => eventsOf(sessionId).length === 2)
    expect(eventsOf(sessionId)).toEqual(['auth.refresh.reuse_detected.v1', 'auth.session.revoked.v1'])
    await refresh(first.refreshToken)
    expect(eventsOf(sessionId)).toHaveLength(2)
  })

  test('gives a thousand at the same moment one successor, on two replicas', async () => {
    const other = await auth.startReplica()
    const { refreshToken } = await register()
    const attempts = await Promise.all(
      Array.from({ length: 1000 }, (_, index) =>
        (index % 2 === 0 ? auth : other).call('/v1/auth/refresh', { method: 'POST', body: { refreshToken } }),
      ),
    )
    expect(new Set(attempts.map(({ status }) => status))).toEqual(new Set([200]))
    const successors = new Set(attempts.map(({ body }) => asRegistered(body).refreshToken))
    expect(successors.size).toBe(1)
    expect(successors.has(refreshToken)).toBe(false)
    const [successor = ''] = successors
    expect((await refresh(successor)).status).toBe(200)
  })

  test('gives the same successor for ten seconds, and ends the session for whoever comes later', async () => {
    const { refreshToken, accessToken } = await register()
    const second = await refreshed(refreshToken)
    const before = auth.clock.now
    onTestFinished(() => {
      auth.clock.now = before
    })
    auth.clock.now = new Date(before.getTime() + 10_000)
    expect((await refreshed(refreshToken)).refreshToken).toBe(second.refreshToken)
    auth.clock.now = new Date(before.getTime() + 10_001)
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await refresh(second.refreshToken)).status).toBe(401)
    await eventually(() => eventsOf(sessionOf(accessToken)).length === 2)
  })

  test('does not repeat itself for a session that has ended', async () => {
    const { refreshToken } = await register()
    const second = await refreshed(refreshToken)
    await auth.post('/v1/auth/logout', { refreshToken: second.refreshToken })
    expect((await refresh(refreshToken)).status).toBe(401)
  })

  test('is over after a week without use', async () => {
    const { refreshToken } = await register()
    const before = auth.clock.now
    onTestFinished(() => {
      auth.clock.now = before
    })
    auth.clock.now = new Date(before.getTime() + 6 * 24 * 3600 * 1000)
    const second = await refreshed(refreshToken)
    auth.clock.now = new Date(before.getTime() + 13 * 24 * 3600 * 1000)
    expect((await refresh(second.refreshToken)).status).toBe(401)
  })

  test.each(['rubbish', `ses_${'0'.repeat(32)}.${'A'.repeat(43)}`, `ses_${'0'.repeat(32)}.`])(
    'refuses %s',
    async (token) => {
      expect(await refresh(token)).toMatchObject({ status: 401, body: { code: 'AUTH_INVALID_REFRESH_TOKEN' } })
    },
  )

  test('does not let somebody end a session by guessing', async () => {
    const { refreshToken } = await register()
    const [sessionId = ''] = refreshToken.split('.')
    expect((await refresh(`${sessionId}.${'A'.repeat(43)}`)).status).toBe(401)
    expect((await refresh(refreshToken)).status).toBe(200)
  })

  test('ends after thirty days', async () => {
    const { refreshToken } = await register()
    const before = auth.clock.now
    auth.clock.now = new Date(before.getTime() + 30 * 24 * 3600 * 1000)
    const late = await refresh(refreshToken)
    auth.clock.now = before
    expect(late.status).toBe(401)
  })
})

describe('signing out', () => {
  test('ends the session and says so once, however often it is repeated', async () => {
    const { refreshToken, accessToken } = await register()
    for (let times = 0; times < 3; times++)
      expect(await auth.post('/v1/auth/logout', { refreshToken })).toMatchObject({ status: 204, body: undefined })
    expect((await refresh(refreshToken)).status).toBe(401)
    const sessionId = sessionOf(accessToken)
    await eventually(() => eventsOf(sessionId).length > 0)
    expect(eventsOf(sessionId)).toEqual([SessionRevokedV1.type])
  })

  test('answers 204 to any token, so nothing can be probed', async () => {
    expect((await auth.post('/v1/auth/logout', { refreshToken: 'rubbish' })).status).toBe(204)
    expect((await auth.post('/v1/auth/logout', { refreshToken: `${newId('ses')}.${'A'.repeat(43)}` })).status).toBe(204)
  })
})

describe('the signed-in account', () => {
  test('is for those who are signed in', async () => {
    const response = await auth.server.inject({ url: '/v1/auth/me' })
    expect([response.statusCode, response.json().code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(await me('forged')).toMatchObject({ status: 401, body: { code: 'INVALID_TOKEN' } })
  })

  test('is gone when the account is', async () => {
    const { user, accessToken } = await register()
    await auth.db.collection<{ _id: string }>('accounts').deleteOne({ _id: user.id })
    expect(await me(accessToken)).toMatchObject({ status: 404, body: { code: 'AUTH_ACCOUNT_NOT_FOUND' } })
  })
})

describe('the keys', () => {
  test('are published so that others can check tokens, and hold nothing private', async () => {
    const { user, accessToken } = await register()
    const response = await auth.server.inject({ url: '/.well-known/jwks.json' })
    expect(response.headers['cache-control']).toBe('public, max-age=300')
    expect(response.json()).toEqual({
      keys: [{ kty: 'OKP', crv: 'Ed25519', x: expect.any(String), kid: expect.any(String), alg: 'EdDSA', use: 'sig' }],
    })
    const keys = createJwksSource('http://auth/jwks', { fetch: async () => Response.json(response.json()) })
    const elsewhere = createTokenVerifier({ issuer: 'https://tradewind.test', audience: 'tradewind', keys })
    expect(await verifyToken(elsewhere, accessToken)).toMatchObject({ userId: user.id, roles: ['customer'] })
  })

  test('are the same for replicas that start together', async () => {
    const db = auth.db.client.db(`${auth.db.databaseName}_keys`)
    const loaded = await Promise.all(Array.from({ length: 8 }, () => openKeys(db, secretKeys, () => new Date())))
    expect(new Set(loaded.map((keys) => keys.current().kid)).size).toBe(1)
    expect(await db.collection('signing_keys').estimatedDocumentCount()).toBe(1)
  })
})

describe('the bootstrap operator', () => {
  const signIn = (email: string, secret: string) => auth.post('/v1/auth/login', { email, password: secret })

  test('is created once, also by replicas that start together', async () => {
    const email = newEmail()
    const outcomes = await Promise.all(Array.from({ length: 4 }, () => auth.app.ensureOperator({ email, password })))
    expect(outcomes.toSorted((a, b) => a.localeCompare(b))).toEqual(['created', 'kept', 'kept', 'kept'])
    const { body } = await signIn(email, password)
    const { accessToken }: Registered = JSON.parse(JSON.stringify(body))
    expect(await verifyToken(auth.tokens, accessToken)).toMatchObject({ roles: ['operator', 'admin'] })
  })

  test('takes over an account that somebody registered under its address', async () => {
    const { user, refreshToken, accessToken } = await register()
    const operatorPassword = 'another password altogether'
    expect(await auth.app.ensureOperator({ email: user.email, password: operatorPassword })).toBe('changed')
    expect((await refresh(refreshToken)).status).toBe(401)
    expect((await signIn(user.email, password)).status).toBe(401)
    const { body } = await signIn(user.email, operatorPassword)
    const pair: Registered = JSON.parse(JSON.stringify(body))
    expect((await me(pair.accessToken)).body.roles).toEqual(['customer', 'operator', 'admin'])
    await eventually(() => eventsOf(sessionOf(accessToken)).includes(SessionRevokedV1.type))
    expect(await auth.app.ensureOperator({ email: user.email, password: operatorPassword })).toBe('kept')
    expect((await refresh(pair.refreshToken)).status).toBe(200)
  })
})

test('answers where to write to an account, and null for nobody', async () => {
  answerUserContact(auth.messaging, auth.app.findContact)
  const ask = askQuery(auth.messaging, UserContactQueryV1)
  const { user } = await register()
  expect(await ask({ userId: user.id })).toEqual({ contact: { email: user.email, name: 'Ada' } })
  expect(await ask({ userId: newId('usr') })).toEqual({ contact: null })
})

describe('bad input', () => {
  const good = { email: 'a@example.org', password, name: 'Ada' }
  const token = { refreshToken: 'x' }
  const cases: [string, string, unknown, string[]][] = [
    ['no fields', 'register', {}, ['/email', '/name', '/password']],
    ['a role', 'register', { ...good, role: 'operator' }, ['/role']],
    ['roles', 'register', { ...good, roles: ['operator'] }, ['/roles']],
    ['a short password', 'register', { ...good, password: 'short' }, ['/password']],
    ['an endless password', 'register', { ...good, password: 'x'.repeat(257) }, ['/password']],
    ['no address', 'register', { ...good, email: 'ada' }, ['/email']],
    ['an endless address', 'register', { ...good, email: `${'a'.repeat(250)}@example.org` }, ['/email']],
    ['numbers', 'register', { email: 1, password: 123_456_789_012, name: 7 }, ['/email', '/name', '/password']],
    ['null', 'register', { ...good, name: null }, ['/name']],
    ['nothing to sign in with', 'login', {}, ['/email', '/password']],
    ['an array for an address', 'login', { email: ['a@example.org'], password }, ['/email']],
    ['a name to sign in with', 'login', good, ['/name']],
    ['true for a password', 'login', { email: good.email, password: true }, ['/password']],
    ['nothing to refresh', 'refresh', {}, ['/refreshToken']],
    ['an object to refresh', 'refresh', { refreshToken: { gt: '' } }, ['/refreshToken']],
    ['an endless token', 'refresh', { refreshToken: 'x'.repeat(300) }, ['/refreshToken']],
    ['a user to refresh', 'refresh', { ...token, userId: 'usr_1' }, ['/userId']],
    ['nothing to end', 'logout', {}, ['/refreshToken']],
    ['null to end', 'logout', { refreshToken: null }, ['/refreshToken']],
    ['everything to end', 'logout', { ...token, all: true }, ['/all']],
    ['a list', 'login', [good], ['']],
  ]

  test.each(cases)('is refused with pointers: %s (%s)', async (_name, path, payload, pointers) => {
    const count = () =>
      Promise.all(['accounts', 'sessions'].map((name) => auth.db.collection(name).estimatedDocumentCount()))
    const before = await count()
    const { status, body } = await auth.post(`/v1/auth/${path}`, payload)
    expect(status).toBe(400)
    const problem: { code: string; errors: { pointer: string }[] } = JSON.parse(JSON.stringify(body))
    expect(problem.code).toBe('INVALID_INPUT')
    const found = new Set(problem.errors.map(({ pointer }) => pointer))
    expect([...found].toSorted((a, b) => a.localeCompare(b))).toEqual(pointers)
    expect(await count()).toEqual(before)
  })

  test('includes operators of the database', async () => {
    expect(await auth.post('/v1/auth/login', { email: { $gt: '' }, password })).toMatchObject({
      status: 400,
      body: { code: 'FORBIDDEN_KEY' },
    })
  })

  test('includes a query where there is none', async () => {
    const { accessToken } = await register()
    for (const { path } of authRoutes.filter(({ method }) => method === 'GET')) {
      const headers = { authorization: `Bearer ${accessToken}` }
      const response = await auth.server.inject({ url: `${path}?userId[$ne]=1`, headers })
      expect([path, response.statusCode]).toEqual([path, 400])
    }
  })
})
