import { createApiKeyRoute } from '@tradewind/contracts/api-keys'
import { RoleChangedV1, SessionRevokedV1 } from '@tradewind/contracts/revocation'
import { allRoutes } from '@tradewind/contracts/routes'
import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { bodyOf, type Person, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
let admin: Person
beforeAll(async () => {
  auth = await startAuth()
  admin = await signInAdmin(auth)
})
afterAll(() => auth.stop())

const dayMs = 24 * 3600 * 1000
const eventsAbout = (id: string) =>
  auth.published.filter(({ data }) => JSON.stringify(data).includes(id)).map(({ type }) => type)
const statusOfMe = async (token: string) => (await auth.call('/v1/auth/me', { token })).status

/** Moves the clock for the rest of the test. */
function travel(ms: number) {
  const before = auth.clock.now
  onTestFinished(() => {
    auth.clock.now = before
  })
  auth.clock.now = new Date(before.getTime() + ms)
}

test('every route of the contracts is answered, and nothing else', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const declared = allRoutes.filter(({ service }) => service === 'auth').map(nameOf)
  expect(auth.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared.toSorted())
})

interface SessionEntry {
  id: string
  isCurrent: boolean
  device?: string
  address?: string
}
const listSessions = async ({ accessToken }: Person, query = '') =>
  bodyOf<{ items: SessionEntry[]; nextCursor: string | null }>(
    await auth.call(`/v1/auth/sessions${query}`, { token: accessToken }),
  )

describe('sessions', () => {
  test('are listed with device and address, latest first, page by page', async () => {
    const person = await signUp(auth)
    // Only a trusted proxy may say another address than the connection’s.
    const headers = { 'user-agent': 'a browser', 'x-forwarded-for': '203.0.113.1' }
    const body = { email: person.email, password: 'correct horse battery staple' }
    await auth.call('/v1/auth/login', { method: 'POST', body, headers, from: '192.0.2.7' })
    const { items } = await listSessions(person)
    expect(items).toMatchObject([{ isCurrent: false, device: 'a browser', address: '192.0.2.7' }, { isCurrent: true }])
    const first = await listSessions(person, '?limit=1')
    const second = await listSessions(person, `?limit=1&cursor=${first.nextCursor}`)
    expect([...first.items, ...second.items].map(({ id }) => id)).toEqual(items.map(({ id }) => id))
    expect(second.nextCursor).toBeNull()
  })

  test('come from an index', async () => {
    const query = { userId: 'usr_1', revokedAt: { $exists: false } }
    const plan = await auth.db.collection('sessions').find(query).sort({ _id: -1 }).explain('queryPlanner')
    expect(JSON.stringify(plan)).toContain('user_latest')
    expect(JSON.stringify(plan)).not.toMatch(/"COLLSCAN"|"SORT"/)
  })

  test('end one by one, and their access tokens with them', async () => {
    const person = await signUp(auth)
    const other = await signIn(auth, person)
    const id = String(decodeJwt(other.accessToken)['sid'])
    for (let times = 0; times < 2; times++)
      expect((await auth.call(`/v1/auth/sessions/${id}`, { method: 'DELETE', token: person.accessToken })).status).toBe(
        204,
      )
    await eventually(async () => (await statusOfMe(other.accessToken)) === 401)
    expect((await auth.post('/v1/auth/refresh', { refreshToken: other.refreshToken })).status).toBe(401)
    expect(await statusOfMe(person.accessToken)).toBe(200)
    expect((await listSessions(person)).items).toHaveLength(1)
    expect(eventsAbout(id)).toEqual([SessionRevokedV1.type])
  })

  test('of somebody else are reported as missing', async () => {
    const [person, stranger] = [await signUp(auth), await signUp(auth)]
    for (const id of [String(decodeJwt(stranger.accessToken)['sid']), newId('ses')])
      expect(await auth.call(`/v1/auth/sessions/${id}`, { method: 'DELETE', token: person.accessToken })).toMatchObject(
        {
          status: 404,
          body: { code: 'AUTH_SESSION_NOT_FOUND' },
        },
      )
    expect(await statusOfMe(stranger.accessToken)).toBe(200)
  })

  test('all end together', async () => {
    const person = await signUp(auth)
    const others = [await signIn(auth, person), await signIn(auth, person)]
    expect((await auth.call('/v1/auth/logout-all', { method: 'POST', token: person.accessToken })).status).toBe(204)
    for (const { accessToken, refreshToken } of [person, ...others]) {
      await eventually(async () => (await statusOfMe(accessToken)) === 401)
      expect((await auth.post('/v1/auth/refresh', { refreshToken })).status).toBe(401)
    }
  })

  test('are removed a month after their end, and not before', async () => {
    const person = await signUp(auth)
    const _id = String(decodeJwt(person.accessToken)['sid'])
    await eventually(async () => {
      const { outbox } =
        (await auth.db.collection<{ _id: string; outbox?: { pendingAt?: Date } }>('sessions').findOne({ _id })) ?? {}
      return outbox?.pendingAt === undefined
    })
    const exists = async () => (await auth.db.collection<{ _id: string }>('sessions').countDocuments({ _id })) === 1
    travel(36 * dayMs)
    await auth.app.purgeEnded()
    expect(await exists()).toBe(true)
    travel(2 * dayMs)
    await auth.app.purgeEnded()
    expect(await exists()).toBe(false)
  })
})

const setRoles = (id: string, roles: string[], token = admin.accessToken) =>
  auth.call(`/v1/auth/users/${id}/roles`, { method: 'PUT', token, body: { roles } })

describe('roles', () => {
  test('are given and taken, and tokens with the old ones end', async () => {
    const person = await signUp(auth)
    expect(await setRoles(person.id, ['customer', 'support'])).toMatchObject({
      status: 200,
      body: { roles: ['customer', 'support'] },
    })
    await eventually(async () => (await statusOfMe(person.accessToken)) === 401)
    const refreshed = bodyOf<Person>(await auth.post('/v1/auth/refresh', { refreshToken: person.refreshToken }))
    expect(await statusOfMe(refreshed.accessToken)).toBe(200)
    expect(decodeJwt(refreshed.accessToken)).toMatchObject({ roles: ['customer', 'support'], ver: 1 })
    await setRoles(person.id, ['support', 'customer'])
    expect(eventsAbout(person.id).filter((type) => type === RoleChangedV1.type)).toHaveLength(1)
    expect(await auth.call(`/v1/auth/users/${person.id}/roles`, { token: admin.accessToken })).toMatchObject({
      body: { roles: ['customer', 'support'] },
    })
  })

  test('are a matter of admins', async () => {
    const person = await signUp(auth)
    const operator = await signUp(auth)
    await setRoles(operator.id, ['operator'])
    const { accessToken } = await signIn(auth, operator)
    for (const token of [person.accessToken, accessToken]) {
      expect((await setRoles(person.id, ['admin'], token)).status).toBe(403)
      expect((await auth.call('/v1/auth/users', { token })).status).toBe(403)
      expect((await auth.call(`/v1/auth/users/${person.id}/roles`, { token })).status).toBe(403)
      expect((await auth.call('/v1/auth/keys', { token })).status).toBe(403)
    }
  })

  test('the last admin stays one, also when two take each other’s away at the same moment', async () => {
    const lonely = await startAuth()
    onTestFinished(() => lonely.stop())
    const one = await signInAdmin(lonely)
    const put = (id: string, roles: string[]) =>
      lonely.call(`/v1/auth/users/${id}/roles`, { method: 'PUT', token: one.accessToken, body: { roles } })
    expect(await put(one.id, ['operator'])).toMatchObject({ status: 409, body: { code: 'AUTH_LAST_ADMIN' } })
    const two = await signUp(lonely)
    expect((await put(two.id, ['admin'])).status).toBe(200)
    const other = await signIn(lonely, two)
    const answers = await Promise.all([
      put(two.id, ['customer']),
      lonely.call(`/v1/auth/users/${one.id}/roles`, {
        method: 'PUT',
        token: other.accessToken,
        body: { roles: ['customer'] },
      }),
    ])
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([200, 409])
    const admins = await lonely.db.collection('accounts').countDocuments({ roles: 'admin' })
    expect(admins).toBe(1)
  })

  test('of nobody are reported as missing', async () => {
    expect((await setRoles(newId('usr'), ['customer'])).status).toBe(404)
  })

  test.each([[[]], [['root']], [['customer', 'customer']], ['admin'], [['machine']]])('cannot be %j', async (roles) => {
    const { id } = await signUp(auth)
    const answer = await auth.call(`/v1/auth/users/${id}/roles`, {
      method: 'PUT',
      token: admin.accessToken,
      body: { roles },
    })
    expect(answer.status).toBe(400)
  })
})

test('accounts are listed by the beginning of their address, page by page, from an index', async () => {
  const people = [await signUp(auth), await signUp(auth), await signUp(auth)]
  const list = async (query: string) =>
    bodyOf<{ items: { id: string; email: string }[]; nextCursor: string | null }>(
      await auth.call(`/v1/auth/users?${query}`, { token: admin.accessToken }),
    )
  const [first] = people
  expect((await list(`email=${first?.email.toUpperCase()}`)).items.map(({ id }) => id)).toEqual([first?.id])
  expect((await list('email=%5B.%2A')).items).toEqual([])
  const seen: string[] = []
  for (let cursor: string | null = ''; cursor !== null; ) {
    const page: Awaited<ReturnType<typeof list>> = await list(`email=mail_&limit=2${cursor && `&cursor=${cursor}`}`)
    seen.push(...page.items.map(({ email }) => email))
    cursor = page.nextCursor
  }
  expect(seen).toEqual(seen.toSorted())
  expect(people.every(({ email }) => seen.includes(email))).toBe(true)
  const range = { email: { $gte: 'a', $lt: 'b' } }
  const plan = await auth.db.collection('accounts').find(range).sort({ email: 1 }).explain('queryPlanner')
  expect(JSON.stringify(plan)).not.toMatch(/"COLLSCAN"|"SORT"/)
})

interface MadeKey {
  id: string
  key: string
}
const makeKey = (token: string, wanted: object = {}) =>
  auth.call(createApiKeyRoute.path, {
    method: 'POST',
    token,
    body: { name: 'a shop', scopes: ['own:use'], expiresInDays: 30, ...wanted },
  })

describe('API keys', () => {
  const hashOf = async (key: string) =>
    Buffer.from(await crypto.subtle.digest('SHA-256', Buffer.from(key))).toString('base64url')
  const tokenFor = async (key: string) => await auth.app.exchangeApiKey(await hashOf(key))

  test('are shown once, kept as a hash, and stand for their owner within their scopes', async () => {
    const person = await signUp(auth)
    const made = await makeKey(person.accessToken)
    const { id, key } = bodyOf<MadeKey>(made)
    expect([made.status, key]).toEqual([201, expect.stringMatching(/^twk_[A-Za-z0-9_-]{43}$/)])
    const stored = JSON.stringify(await auth.db.collection('api_keys').find().toArray())
    expect(stored).not.toContain(key)
    const listed = await auth.call('/v1/auth/api-keys', { token: person.accessToken })
    expect(listed.body).toMatchObject({ items: [{ id, prefix: key.slice(0, 10), scopes: ['own:use'] }] })
    expect(JSON.stringify(listed.body)).not.toContain(key)
    const token = (await tokenFor(key)) ?? ''
    expect(decodeJwt(token)).toMatchObject({ sub: person.id, sid: id, scope: 'own:use', roles: ['customer'] })
    expect(await statusOfMe(token)).toBe(200)
  })

  test('are no access tokens, manage no account and make no other keys', async () => {
    const { key } = bodyOf<MadeKey>(await makeKey(admin.accessToken, { scopes: ['own:use', 'users:read'] }))
    expect(await statusOfMe(key)).toBe(401)
    const token = (await tokenFor(key)) ?? ''
    expect((await auth.call('/v1/auth/users', { token })).status).toBe(200)
    expect((await makeKey(token)).status).toBe(403)
    expect((await auth.call('/v1/auth/logout-all', { method: 'POST', token })).status).toBe(403)
    expect((await setRoles(admin.id, ['admin'], token)).status).toBe(403)
  })

  test('end at once when they are deleted, and are nobody else’s to delete', async () => {
    const [person, stranger] = [await signUp(auth), await signUp(auth)]
    const { id, key } = bodyOf<MadeKey>(await makeKey(person.accessToken))
    const token = (await tokenFor(key)) ?? ''
    const remove = (who: Person) => auth.call(`/v1/auth/api-keys/${id}`, { method: 'DELETE', token: who.accessToken })
    expect((await remove(stranger)).status).toBe(404)
    expect(await statusOfMe(token)).toBe(200)
    for (let times = 0; times < 2; times++) expect((await remove(person)).status).toBe(204)
    await eventually(async () => (await statusOfMe(token)) === 401)
    expect(await tokenFor(key)).toBeNull()
    expect(eventsAbout(id)).toEqual(['auth.api_key.revoked.v1'])
  })

  test('expire, and are worth what their owner is by then', async () => {
    const person = await signUp(auth)
    await setRoles(person.id, ['operator'])
    const operator = await signIn(auth, person)
    const { key } = bodyOf<MadeKey>(await makeKey(operator.accessToken, { scopes: ['stock:write'], expiresInDays: 1 }))
    await setRoles(person.id, ['customer'])
    expect(decodeJwt((await tokenFor(key)) ?? '')).toMatchObject({ roles: ['customer'], scope: 'stock:write' })
    travel(dayMs)
    expect(await tokenFor(key)).toBeNull()
  })

  test('are fifty at most, also when many are asked for at the same moment', async () => {
    const { id: userId, accessToken } = await signUp(auth)
    const made = await Promise.all(Array.from({ length: 45 }, () => makeKey(accessToken)))
    expect(made.every(({ status }) => status === 201)).toBe(true)
    const more = await Promise.all(Array.from({ length: 30 }, () => makeKey(accessToken)))
    expect(more.filter(({ status }) => status === 201).length).toBeLessThanOrEqual(5)
    expect(more).toContainEqual(
      expect.objectContaining({ status: 409, body: expect.objectContaining({ code: 'AUTH_TOO_MANY_API_KEYS' }) }),
    )
    const good = { userId, revokedAt: { $exists: false } }
    expect(await auth.db.collection('api_keys').countDocuments(good)).toBeLessThanOrEqual(50)
  })

  test('note their use once a minute', async () => {
    const { id, key } = bodyOf<MadeKey>(await makeKey((await signUp(auth)).accessToken))
    const version = async () =>
      (await auth.db.collection<{ _id: string; version: number }>('api_keys').findOne({ _id: id }))?.version
    await Promise.all(Array.from({ length: 20 }, () => tokenFor(key)))
    expect(await version()).toBe(2)
    await tokenFor(key)
    expect(await version()).toBe(2)
  })

  test.each([
    ['more than one may do', { scopes: ['stock:write'] }, 403],
    ['what no scope hands on', { scopes: ['account:manage'] }, 400],
    ['nothing', { scopes: [] }, 400],
    ['rubbish', { scopes: ['root'] }, 400],
    ['for ever', { expiresInDays: 100_000 }, 400],
    ['a field that nobody named', { userId: 'usr_1' }, 400],
  ])('are not made for %s', async (_name, wanted, status) => {
    const { accessToken } = await signUp(auth)
    expect((await makeKey(accessToken, wanted)).status).toBe(status)
  })
})
