import { newId } from '@tradewind/service-kit/ids'
import {
  client,
  type OutsideProvider,
  type Person as Outsider,
  startOutsideProvider,
} from '@tradewind/service-testkit/outside-provider'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type AuthFixture, issuer, startAuth } from './auth-fixture.ts'
import { tokenOf } from './mails.ts'
import { bodyOf, type Person, signIn, signUp } from './signed-in.ts'

let auth: AuthFixture
let provider: OutsideProvider
beforeAll(async () => {
  provider = await startOutsideProvider(`${issuer}/v1/auth/oidc/other/callback`)
  const settings = { ...client, issuer: provider.issuer }
  auth = await startAuth({
    providerSettings: [
      { ...settings, name: 'other' },
      { ...settings, name: 'second' },
      { ...settings, name: 'away', issuer: 'http://127.0.0.1:9' },
    ],
  })
})
afterAll(async () => {
  await auth.stop()
  await provider.stop()
})

const newEmail = () => `${newId('mail')}@example.org`

/** Sends a browser off. */
async function depart(query = '') {
  const answer = await auth.call(`/v1/auth/oidc/other/start${query}`)
  expect(answer.status).toBe(302)
  const headers = bodyOf<{ location: string; 'set-cookie': string }>({ body: answer.headers })
  expect(headers['set-cookie']).toMatch(
    /^__Host-tradewind-browser=[^;]+; Path=\/; Max-Age=300; Secure; HttpOnly; SameSite=Lax$/,
  )
  return { url: headers.location, cookie: headers['set-cookie'].split(';', 1)[0] ?? '' }
}

const arrive = (back: URL, cookie: string, name = 'other') =>
  auth.call(`/v1/auth/oidc/${name}/callback${back.search}`, { headers: { cookie } })

/** The whole way of somebody who signs in there as `subject`. */
async function signInOutside(subject: string, person: Outsider = {}, query = '') {
  provider.people.set(subject, person)
  const { url, cookie } = await depart(query)
  return await arrive(await provider.visit(url, subject), cookie)
}

const identitiesOf = async (accessToken: string) =>
  bodyOf<{ items: { provider: string }[] }>(await auth.call('/v1/auth/identities', { token: accessToken })).items

async function verified(): Promise<Person> {
  const person = await signUp(auth)
  const token = await tokenOf(auth, person.id, 'verify-email')
  expect((await auth.post('/v1/auth/verify-email', { token })).status).toBe(204)
  return person
}

describe('somebody whom another provider knows', () => {
  test('gets an account, and the same one the next time, whatever the address is then', async () => {
    const [subject, email] = [newId('sub'), newEmail()]
    const first = await signInOutside(subject, { email, email_verified: true, name: 'Grace' })
    expect(first).toMatchObject({
      status: 200,
      body: { tokenType: 'Bearer' },
      headers: { 'cache-control': 'no-store' },
    })
    const { accessToken } = bodyOf<Person>(first)
    expect(decodeJwt(accessToken)).toMatchObject({ amr: ['fed'], acr: 'aal1', roles: ['customer'] })
    expect(await auth.call('/v1/auth/me', { token: accessToken })).toMatchObject({
      body: { email, name: 'Grace', emailVerified: true },
    })
    const again = bodyOf<Person>(await signInOutside(subject, { email: newEmail(), email_verified: false }))
    expect(decodeJwt(again.accessToken).sub).toBe(decodeJwt(accessToken).sub)
    expect((await auth.post('/v1/auth/login', { email, password: 'correct horse battery staple' })).status).toBe(401)
  })

  test('is linked to the account whose address both have verified', async () => {
    const person = await verified()
    const answer = await signInOutside(newId('sub'), { email: person.email.toUpperCase(), email_verified: true })
    const { accessToken } = bodyOf<Person>(answer)
    expect(decodeJwt(accessToken).sub).toBe(person.id)
    expect(await identitiesOf(accessToken)).toMatchObject([{ provider: 'other' }])
  })

  test('is refused where the address was only typed, here or there', async () => {
    const unverified = await signUp(auth)
    expect(await signInOutside(newId('sub'), { email: unverified.email, email_verified: true })).toMatchObject({
      status: 409,
      body: { code: 'AUTH_LINK_REFUSED' },
    })
    const person = await verified()
    for (const claims of [{ email: person.email, email_verified: false }, { email: person.email }, {}])
      expect(await signInOutside(newId('sub'), claims)).toMatchObject({
        status: 403,
        body: { code: 'AUTH_EMAIL_NOT_VERIFIED' },
      })
    expect(await identitiesOf((await signIn(auth, person)).accessToken)).toEqual([])
  })

  test('is unlinked by its owner, and not let in that way any more but by a new link', async () => {
    const [subject, email] = [newId('sub'), newEmail()]
    const { accessToken } = bodyOf<Person>(await signInOutside(subject, { email, email_verified: true }))
    const unlink = () => auth.call('/v1/auth/identities/other', { method: 'DELETE', token: accessToken })
    expect((await unlink()).status).toBe(204)
    expect(await unlink()).toMatchObject({ status: 404, body: { code: 'AUTH_IDENTITY_NOT_FOUND' } })
    expect(await identitiesOf(accessToken)).toEqual([])
    expect((await signInOutside(subject, { email, email_verified: false })).status).toBe(403)
  })

  test('is found by an index', async () => {
    const plan = await auth.db.collection('accounts').find({ 'identities.key': 'other:1' }).explain('queryPlanner')
    expect(JSON.stringify(plan)).toContain('identity')
    expect(JSON.stringify(plan)).not.toContain('"COLLSCAN"')
  })

  test('goes on to the pages where cookies were asked for', async () => {
    const answer = await signInOutside(newId('sub'), { email: newEmail(), email_verified: true }, '?cookies=true')
    expect(answer).toMatchObject({ status: 303, body: undefined, headers: { location: 'https://shop.example' } })
    const cookies = bodyOf<{ 'set-cookie': string[] }>({ body: answer.headers })['set-cookie']
    expect(cookies.map((cookie) => cookie.split('=', 1)[0])).toEqual([
      '__Host-tradewind-access',
      '__Host-tradewind-refresh',
      '__Host-tradewind-csrf',
      '__Host-tradewind-browser',
    ])
  })
})

describe('the way back', () => {
  test('is good once, in the browser that was sent, from where it was sent, for five minutes', async () => {
    const subject = newId('sub')
    provider.people.set(subject, { email: newEmail(), email_verified: true })
    const { url, cookie } = await depart()
    const back = await provider.visit(url, subject)
    const stranger = await depart()
    const over = { status: 401, body: { code: 'AUTH_CEREMONY_OVER' } }
    expect(await arrive(back, '')).toMatchObject(over)
    expect(await arrive(back, stranger.cookie)).toMatchObject(over)
    expect(await arrive(back, cookie, 'second')).toMatchObject(over)
    expect((await arrive(back, cookie)).status).toBe(200)
    expect(await arrive(back, cookie)).toMatchObject(over)
    const late = await depart()
    const lateBack = await provider.visit(late.url, subject)
    const before = auth.clock.now
    onTestFinished(() => {
      auth.clock.now = before
    })
    auth.clock.now = new Date(before.getTime() + 5 * 60_000)
    expect(await arrive(lateBack, late.cookie)).toMatchObject(over)
  })

  test('is refused with another state, another’s code, an error, or nothing', async () => {
    const subject = newId('sub')
    provider.people.set(subject, { email: newEmail(), email_verified: true })
    const [mine, other] = [await depart(), await depart()]
    const back = await provider.visit(mine.url, subject)
    const otherBack = await provider.visit(other.url, subject)
    const swapped = new URL(back)
    swapped.searchParams.set('code', otherBack.searchParams.get('code') ?? '')
    // The code is another sign-in's: its verifier, and its nonce, are not ours.
    expect(await arrive(swapped, mine.cookie)).toMatchObject({ status: 401, body: { code: 'AUTH_PROVIDER_REFUSED' } })
    const third = await depart()
    const refused = new URL(otherBack)
    refused.search = `?error=access_denied&state=${new URL(third.url).searchParams.get('state')}`
    expect(await arrive(refused, third.cookie)).toMatchObject({ status: 401, body: { code: 'AUTH_PROVIDER_REFUSED' } })
    expect((await arrive(new URL('https://x.test/?code=1'), mine.cookie)).status).toBe(400)
  })

  test('leads nowhere without a provider', async () => {
    expect((await auth.call('/v1/auth/oidc/unknown/start')).status).toBe(404)
    expect(await auth.call('/v1/auth/oidc/away/start')).toMatchObject({
      status: 503,
      body: { code: 'AUTH_PROVIDER_AWAY' },
    })
  })
})
