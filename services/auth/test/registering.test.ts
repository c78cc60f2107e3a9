import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { mailsFor, tokenOf } from './mails.ts'
import { bodyOf, password, signUp } from './signed-in.ts'

let auth: AuthFixture
let byMail: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
  byMail = await startAuth({ registerByMail: true })
})
afterAll(async () => {
  await auth.stop()
  await byMail.stop()
})

const newEmail = () => `${newId('mail')}@example.org`
const register = async (at: AuthFixture, email: string, secret = password) => {
  const answer = await at.post('/v1/auth/register', { email, password: secret, name: 'Ada' })
  await at.deferred.settle()
  return answer
}
const logIn = (email: string, secret = password) => byMail.post('/v1/auth/login', { email, password: secret })
const accountOf = async (at: AuthFixture, email: string) =>
  (await at.db.collection<{ _id: string }>('accounts').findOne({ email }))?._id ?? ''
const kindsFor = (at: AuthFixture, userId: string) => mailsFor(at, userId).map(({ kind }) => kind)
const later = () => {
  byMail.clock.now = new Date(byMail.clock.now.getTime() + 61_000)
}
async function verify(email: string): Promise<void> {
  const token = await tokenOf(byMail, await accountOf(byMail, email), 'verify-email')
  expect((await byMail.post('/v1/auth/verify-email', { token })).status).toBe(204)
}

test('tells the owner of an address that somebody wants it, once a minute', async () => {
  const { id, email } = await signUp(auth)
  await auth.post('/v1/auth/verify-email', { token: await tokenOf(auth, id, 'verify-email') })
  for (let times = 0; times < 3; times += 1) expect((await register(auth, email)).status).toBe(409)
  await eventually(() => kindsFor(auth, id).includes('registration-attempted'))
  expect(kindsFor(auth, id).filter((kind) => kind === 'registration-attempted')).toHaveLength(1)
})

describe('by mail', () => {
  test('lets somebody in once the address is verified, and answers until then as with a wrong password', async () => {
    const email = newEmail()
    expect(await register(byMail, email)).toMatchObject({ status: 202, body: undefined })
    const [early, wrong] = [await logIn(email), await logIn(email, 'wrong')]
    expect([early.status, early.body]).toEqual([401, wrong.body])
    await verify(email)
    expect(await logIn(email)).toMatchObject({ status: 200, body: { tokenType: 'Bearer' } })
  })

  test('answers the same for an address that is taken, changes nothing, and its owner hears of it', async () => {
    const email = newEmail()
    await register(byMail, email)
    await verify(email)
    const id = await accountOf(byMail, email)
    const [taken, free] = [
      await register(byMail, email, 'the passphrase of another'),
      await register(byMail, newEmail()),
    ]
    const seen = ({ status, body, headers }: typeof taken) => ({
      status,
      body,
      headers: Object.keys(headers).toSorted((a, b) => (a < b ? -1 : 1)),
    })
    expect(seen(taken)).toEqual(seen(free))
    await eventually(() => kindsFor(byMail, id).includes('registration-attempted'))
    expect((await logIn(email)).status).toBe(200)
    // Whoever registers and then signs in learns nothing by that either.
    expect((await logIn(email, 'the passphrase of another')).body).toEqual((await logIn(newEmail())).body)
  })

  test('sends the mail again to who registers again, and keeps the first password', async () => {
    const email = newEmail()
    await register(byMail, email)
    later()
    await register(byMail, email, 'the passphrase of another')
    const id = await accountOf(byMail, email)
    await tokenOf(byMail, id, 'verify-email', 2)
    await verify(email)
    expect((await logIn(email)).status).toBe(200)
    expect((await logIn(email, 'the passphrase of another')).status).toBe(401)
  })

  test('lets somebody in who sets a new password by mail', async () => {
    const email = newEmail()
    await register(byMail, email)
    await byMail.post('/v1/auth/password/forgot', { email })
    await byMail.deferred.settle()
    const token = await tokenOf(byMail, await accountOf(byMail, email), 'reset-password')
    expect((await byMail.post('/v1/auth/password/reset', { token, password: 'another passphrase' })).status).toBe(204)
    expect((await logIn(email, 'another passphrase')).status).toBe(200)
  })

  test('refuses a weak password at once, and is held up like any mail', async () => {
    const email = newEmail()
    expect(await byMail.post('/v1/auth/register', { email, password: 'password1', name: 'Ada' })).toMatchObject({
      status: 400,
      body: { code: 'AUTH_PASSWORD_COMMON' },
    })
    const statuses: number[] = []
    for (let times = 0; times < 5; times += 1) statuses.push((await register(byMail, email)).status)
    expect(statuses).toEqual([202, 202, 202, 202, 429])
  })

  test('does not concern those who were there before, nor the operator of the environment', async () => {
    const operator = { email: newEmail(), password }
    await byMail.app.ensureOperator(operator)
    const answer = await byMail.post('/v1/auth/login', operator)
    expect(bodyOf<{ accessToken: string }>(answer).accessToken).toEqual(expect.any(String))
  })
})
