import { AccountMailQueryV1 } from '@tradewind/contracts/auth-accounts'
import { askQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { createPasswordHasher } from '../src/crypto/password-hasher.ts'
import { answerAccountMail } from '../src/events/answer-account-mail.ts'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { mailOf, mailsFor, tokenOf } from './mails.ts'
import { bodyOf, type Person, password, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

const minuteMs = 60_000
const other = 'another horse, another battery'

/** Moves the clock for the rest of the test. */
function travel(ms: number) {
  const before = auth.clock.now
  onTestFinished(async () => {
    auth.clock.now = before
    // What was wrong then is owed from then on, which is later than now.
    await auth.db.collection('throttles').deleteMany({})
  })
  auth.clock.now = new Date(before.getTime() + ms)
}

const call = (person: Person, method: 'POST' | 'PATCH', path: string, body?: unknown) =>
  auth.call(`/v1/auth/${path}`, { method, token: person.accessToken, body })
const me = async ({ accessToken }: Person) =>
  bodyOf<{ email: string; emailVerified: boolean; name: string }>(
    await auth.call('/v1/auth/me', { token: accessToken }),
  )
const logIn = (email: string, given: string) => auth.post('/v1/auth/login', { email, password: given })
const refresh = (refreshToken: string) => auth.post('/v1/auth/refresh', { refreshToken })
const forgot = async (email: string) => {
  const answer = await auth.post('/v1/auth/password/forgot', { email })
  await auth.deferred.settle()
  return answer
}
const stored = (id: string) => auth.db.collection<{ _id: string }>('accounts').findOne({ _id: id })

describe('verifying an address', () => {
  test('takes the token of the mail that follows registration, once', async () => {
    const person = await signUp(auth)
    const token = await tokenOf(auth, person.id, 'verify-email')
    expect(await auth.post('/v1/auth/verify-email', { token })).toMatchObject({ status: 204 })
    expect((await me(person)).emailVerified).toBe(true)
    expect(await auth.post('/v1/auth/verify-email', { token })).toMatchObject({
      status: 400,
      body: { code: 'AUTH_INVALID_MAIL_TOKEN', errors: [{ pointer: '/token' }] },
    })
    await eventually(() =>
      auth.published.some(
        ({ type, data }) =>
          type === 'auth.user.verified.v1' && bodyOf<{ userId: string }>({ body: data }).userId === person.id,
      ),
    )
  })

  test('makes one of many at the same moment good', async () => {
    const person = await signUp(auth)
    const token = await tokenOf(auth, person.id, 'verify-email')
    const answers = await Promise.all(Array.from({ length: 8 }, () => auth.post('/v1/auth/verify-email', { token })))
    expect(answers.filter(({ status }) => status === 204)).toHaveLength(1)
  })

  test('is refused after a day, and with any other text', async () => {
    const person = await signUp(auth)
    const token = await tokenOf(auth, person.id, 'verify-email')
    const forged = `${token.slice(0, -4)}AAAA`
    for (const text of ['rubbish', forged, token.replace(person.id, newId('usr'))])
      expect((await auth.post('/v1/auth/verify-email', { token: text })).status).toBe(400)
    // A token is good for what it was made for.
    expect((await auth.post('/v1/auth/password/reset', { token, password: other })).status).toBe(400)
    travel(24 * 60 * minuteMs)
    expect((await auth.post('/v1/auth/verify-email', { token })).status).toBe(400)
  })

  test('can be asked for again, once a minute, and the latest mail counts', async () => {
    const person = await signUp(auth)
    const first = await tokenOf(auth, person.id, 'verify-email')
    expect(await call(person, 'POST', 'verify-email/resend')).toMatchObject({
      status: 429,
      body: { code: 'AUTH_MAIL_TOO_SOON' },
      headers: { 'retry-after': '60' },
    })
    travel(minuteMs)
    expect((await call(person, 'POST', 'verify-email/resend')).status).toBe(202)
    const second = await tokenOf(auth, person.id, 'verify-email', 2)
    expect((await auth.post('/v1/auth/verify-email', { token: first })).status).toBe(400)
    expect((await auth.post('/v1/auth/verify-email', { token: second })).status).toBe(204)
    travel(minuteMs)
    expect((await call(person, 'POST', 'verify-email/resend')).status).toBe(202)
    expect(mailsFor(auth, person.id)).toHaveLength(2)
  })

  test('stores no token, and publishes neither token nor address', async () => {
    const person = await signUp(auth)
    const token = await tokenOf(auth, person.id, 'verify-email')
    const proof = token.split('.').at(-1) ?? ''
    expect(proof).toHaveLength(43)
    expect(JSON.stringify(await stored(person.id))).not.toContain(proof)
    const published = JSON.stringify(auth.published)
    for (const secret of [proof, person.email]) expect(published).not.toContain(secret)
  })
})

describe('the mail that another service writes', () => {
  test('is asked for over the broker, and gone with its use', async () => {
    answerAccountMail(auth.messaging, auth.app.readAccountMail)
    await auth.messaging.connection.flush()
    const ask = askQuery(auth.messaging, AccountMailQueryV1)
    const person = await signUp(auth)
    const token = await tokenOf(auth, person.id, 'verify-email')
    const question = { userId: person.id, mailId: mailsFor(auth, person.id)[0]?.mailId ?? '' }
    const link = `https://shop.example/verify-email#token=${token}`
    expect(await ask(question)).toEqual({ mail: { to: person.email, name: 'Ada', link } })
    expect(await ask({ ...question, mailId: newId('mal') })).toEqual({ mail: null })
    expect(await ask({ ...question, userId: newId('usr') })).toEqual({ mail: null })
    await auth.post('/v1/auth/verify-email', { token })
    expect(await ask(question)).toEqual({ mail: null })
  })
})

describe('a forgotten password', () => {
  test('is replaced by the token of a mail, and all sessions and API keys end', async () => {
    const person = await signUp(auth)
    const key = { name: 'till', scopes: ['own:use'], expiresInDays: 1 }
    expect((await call(person, 'POST', 'api-keys', key)).status).toBe(201)
    expect((await forgot(person.email.toUpperCase())).status).toBe(202)
    const token = await tokenOf(auth, person.id, 'reset-password')
    expect(await auth.post('/v1/auth/password/reset', { token, password: 'password1' })).toMatchObject({
      status: 400,
      body: { code: 'AUTH_PASSWORD_COMMON', errors: [{ pointer: '/password' }] },
    })
    expect((await auth.post('/v1/auth/password/reset', { token, password: other })).status).toBe(204)
    expect((await refresh(person.refreshToken)).status).toBe(401)
    await eventually(async () => (await auth.call('/v1/auth/me', { token: person.accessToken })).status === 401)
    expect((await logIn(person.email, password)).status).toBe(401)
    expect((await logIn(person.email, other)).status).toBe(200)
    const good = { userId: person.id, revokedAt: { $exists: false } }
    expect(await auth.db.collection('api_keys').countDocuments(good)).toBe(0)
    // Whoever reads mail there has shown that it is his.
    expect(await stored(person.id)).toMatchObject({ emailVerified: true })
    expect((await auth.post('/v1/auth/password/reset', { token, password: other })).status).toBe(400)
    expect(await mailOf(auth, person.id, 'password-changed')).toEqual({ to: person.email, name: 'Ada' })
  })

  test('is answered alike for known, unknown and closed accounts', async () => {
    const person = await signUp(auth)
    const known = await forgot(person.email)
    const unknown = await forgot(`${newId('mail')}@example.org`)
    expect([unknown.status, unknown.body]).toEqual([known.status, known.body])
    expect([known.status, known.body]).toEqual([202, undefined])
  })

  test('is answered before anybody looks for the account', async () => {
    const person = await signUp(auth)
    const before = await stored(person.id)
    await auth.post('/v1/auth/password/forgot', { email: person.email })
    await auth.deferred.settle()
    const after = await stored(person.id)
    expect(after).not.toEqual(before)
  })

  test('has a token that is good for half an hour, and mails at most once a minute', async () => {
    const person = await signUp(auth)
    await forgot(person.email)
    await forgot(person.email)
    const token = await tokenOf(auth, person.id, 'reset-password')
    expect(mailsFor(auth, person.id).filter(({ kind }) => kind === 'reset-password')).toHaveLength(1)
    travel(30 * minuteMs)
    expect((await auth.post('/v1/auth/password/reset', { token, password: other })).status).toBe(400)
  })

  test('takes from whoever had only typed the address what he had added', async () => {
    const person = await signUp(auth)
    await auth.db
      .collection<{ _id: string }>('accounts')
      .updateOne(
        { _id: person.id },
        { $set: { passkeys: [{ id: 'psk_1' }], recoveryCodes: ['x'] }, $inc: { version: 1 } },
      )
    await forgot(person.email)
    const token = await tokenOf(auth, person.id, 'reset-password')
    expect((await auth.post('/v1/auth/password/reset', { token, password: other })).status).toBe(204)
    const account = await stored(person.id)
    expect(account).not.toHaveProperty('passkeys')
    expect(account).not.toHaveProperty('recoveryCodes')
  })
})

describe('changing the password', () => {
  test('takes the present one and ends the other sessions', async () => {
    const person = await signUp(auth)
    const elsewhere = await signIn(auth, person)
    const wrong = await call(person, 'POST', 'password/change', { currentPassword: 'wrong', password: other })
    expect(wrong).toMatchObject({
      status: 400,
      body: { code: 'AUTH_WRONG_PASSWORD', errors: [{ pointer: '/currentPassword' }] },
    })
    const body = { currentPassword: password, password: other }
    expect((await call(person, 'POST', 'password/change', body)).status).toBe(204)
    expect((await refresh(elsewhere.refreshToken)).status).toBe(401)
    expect((await refresh(person.refreshToken)).status).toBe(200)
    expect((await logIn(person.email, other)).status).toBe(200)
    expect((await mailOf(auth, person.id, 'password-changed')).link).toBeUndefined()
  })

  test('ends the other sessions even when the process dies right after the write', async () => {
    const person = await signUp(auth)
    const elsewhere = await signIn(auth, person)
    travel(1)
    await auth.db
      .collection<{ _id: string }>('accounts')
      .updateOne({ _id: person.id }, { $set: { sessionsFrom: auth.clock.now }, $inc: { version: 1 } })
    expect((await refresh(elsewhere.refreshToken)).status).toBe(401)
  })

  test.each([
    ['short77', 'INVALID_INPUT'],
    ['ﬁﬁﬁ', 'INVALID_INPUT'],
    ['Password1', 'AUTH_PASSWORD_COMMON'],
    ['QWERTYUIOP', 'AUTH_PASSWORD_COMMON'],
    ['ﷺ'.repeat(20), 'AUTH_PASSWORD_LENGTH'],
  ])('refuses %s', async (weak, code) => {
    const person = await signUp(auth)
    expect(await call(person, 'POST', 'password/change', { currentPassword: password, password: weak })).toMatchObject({
      status: 400,
      body: { code, errors: [{ pointer: '/password' }] },
    })
  })

  test('asks for no kinds of characters', async () => {
    const person = await signUp(auth)
    const body = { currentPassword: password, password: '🐎'.repeat(8) }
    expect((await call(person, 'POST', 'password/change', body)).status).toBe(204)
    expect((await logIn(person.email, '🐎'.repeat(8))).status).toBe(200)
  })
})

describe('the profile', () => {
  test('is changed by its owner, field by field', async () => {
    const person = await signUp(auth)
    expect(await call(person, 'PATCH', 'me', { name: ' Ada Lovelace ' })).toMatchObject({
      status: 200,
      body: { name: 'Ada Lovelace', email: person.email },
    })
    expect(await call(person, 'PATCH', 'me', { locale: 'de' })).toMatchObject({
      body: { locale: 'de', name: 'Ada Lovelace' },
    })
    for (const body of [{ email: 'eve@example.org' }, { roles: ['admin'] }, { emailVerified: true }, { name: '  ' }])
      expect((await call(person, 'PATCH', 'me', body)).status).toBe(400)
  })
})

describe('another address', () => {
  test('is the account’s once its mail was read, and the old one hears of it', async () => {
    const person = await signUp(auth)
    travel(2 * minuteMs)
    const email = `${newId('new')}@example.org`
    expect((await call(person, 'POST', 'email', { email })).status).toBe(202)
    expect((await me(person)).email).toBe(person.email)
    const mail = await mailOf(auth, person.id, 'verify-email', 2)
    expect(mail.to).toBe(email)
    const token = await tokenOf(auth, person.id, 'verify-email', 2)
    expect((await auth.post('/v1/auth/verify-email', { token })).status).toBe(204)
    expect(await me(person)).toMatchObject({ email, emailVerified: true })
    expect((await mailOf(auth, person.id, 'email-changed')).to).toBe(person.email)
    expect((await logIn(email, password)).status).toBe(200)
    expect((await logIn(person.email, password)).status).toBe(401)
  })

  test('that somebody has is answered alike, and nothing is written there', async () => {
    const [person, holder] = [await signUp(auth), await signUp(auth)]
    travel(2 * minuteMs)
    expect((await call(person, 'POST', 'email', { email: holder.email })).status).toBe(202)
    expect(mailsFor(auth, person.id)).toHaveLength(1)
  })

  test('goes to one of two who ask for it', async () => {
    const people = [await signUp(auth), await signUp(auth)]
    travel(2 * minuteMs)
    const email = `${newId('new')}@example.org`
    const statuses: number[] = []
    for (const person of people) await call(person, 'POST', 'email', { email })
    for (const person of people) {
      const token = await tokenOf(auth, person.id, 'verify-email', 2)
      statuses.push((await auth.post('/v1/auth/verify-email', { token })).status)
    }
    expect(statuses).toEqual([204, 409])
  })

  test('takes a recent sign-in, and the refusal says so', async () => {
    const person = await signUp(auth)
    travel(9 * minuteMs)
    const { accessToken } = bodyOf<Person>(await refresh(person.refreshToken))
    travel(2 * minuteMs)
    const answer = await call({ ...person, accessToken }, 'POST', 'email', { email: 'a@example.org' })
    expect(answer).toMatchObject({
      status: 401,
      body: { code: 'INSUFFICIENT_USER_AUTHENTICATION' },
      headers: { 'www-authenticate': expect.stringContaining('error="insufficient_user_authentication"') },
    })
    expect(answer.headers).toMatchObject({ 'www-authenticate': expect.stringContaining('max_age="600"') })
    const stepped = await call({ ...person, accessToken }, 'POST', 'step-up', { password })
    expect(stepped.status).toBe(200)
    const fresh = bodyOf<{ accessToken: string }>(stepped)
    expect((await call({ ...person, ...fresh }, 'POST', 'email', { email: `${newId('n')}@example.org` })).status).toBe(
      202,
    )
  })
})

describe('closing an account', () => {
  test('ends its sessions, and signing in is answered as with a wrong password', async () => {
    const person = await signUp(auth)
    expect((await call(person, 'POST', 'deactivate', { password: 'wrong' })).status).toBe(400)
    expect((await call(person, 'POST', 'deactivate', { password })).status).toBe(204)
    const closed = await logIn(person.email, password)
    const wrong = await logIn(`${newId('mail')}@example.org`, password)
    expect([closed.status, closed.body]).toEqual([wrong.status, wrong.body])
    expect(closed.status).toBe(401)
    expect((await refresh(person.refreshToken)).status).toBe(401)
    await forgot(person.email)
    expect(mailsFor(auth, person.id).filter(({ kind }) => kind === 'reset-password')).toEqual([])
  })

  test('is refused to an admin', async () => {
    const admin = await signInAdmin(auth)
    expect(await call(admin, 'POST', 'deactivate', { password })).toMatchObject({
      status: 409,
      body: { code: 'AUTH_ADMIN_STAYS' },
    })
  })
})

test('a flood of sign-ins is answered 503 with Retry-After beyond the queue, and everything else as ever', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 4 })
  const small = await startAuth({ passwords })
  onTestFinished(() => small.stop())
  const body = { email: 'nobody@example.org', password }
  const flood = Array.from({ length: 40 }, () => small.post('/v1/auth/login', body))
  const keys = await small.call('/.well-known/jwks.json')
  const answers = await Promise.all(flood)
  expect(keys.status).toBe(200)
  const refused = answers.filter(({ status }) => status === 503)
  expect(refused.length).toBeGreaterThanOrEqual(30)
  for (const answer of refused)
    expect(answer).toMatchObject({ body: { code: 'AUTH_BUSY' }, headers: { 'retry-after': '2' } })
  expect(answers.filter(({ status }) => status === 401)).toHaveLength(40 - refused.length)
  expect((await small.post('/v1/auth/login', body)).status).toBe(401)
})
