import { newId } from '@tradewind/service-kit/ids'
import { type Asked, Authenticator } from '@tradewind/service-testkit/authenticator'
import { decodeJwt } from 'jose'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { mailOf } from './mails.ts'
import { bodyOf, type Person, signUp } from './signed-in.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

interface Begun {
  ceremonyId: string
  options: { challenge: string; rp?: { id: string }; user?: { id: string }; rpId?: string }
}

const call = ({ accessToken }: Person, method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, body?: unknown) =>
  auth.call(`/v1/auth/passkeys${path}`, { method, token: accessToken, body })

async function register(person: Person, device = new Authenticator(), change: Partial<Asked> = {}) {
  const { ceremonyId, options } = bodyOf<Begun>(await call(person, 'POST', '/register/options'))
  const credential = device.register({ challenge: options.challenge, ...change }, person.id)
  const answer = await call(person, 'POST', '/register/verify', { ceremonyId, name: 'Phone', credential })
  return { device, answer, options, ceremonyId, credential }
}

const begin = async () => bodyOf<Begun>(await auth.post('/v1/auth/passkeys/authenticate/options', undefined))
const show = (ceremonyId: string, credential: object) =>
  auth.post('/v1/auth/passkeys/authenticate/verify', { ceremonyId, credential })

async function signIn(device: Authenticator, change: Partial<Asked> = {}) {
  const { ceremonyId, options } = await begin()
  return await show(ceremonyId, device.assert({ challenge: options.challenge, ...change }))
}

describe('a passkey', () => {
  test('is registered by its owner, who hears of it', async () => {
    const person = await signUp(auth)
    const { answer, options } = await register(person)
    expect(options).toMatchObject({
      rp: { id: 'shop.example', name: 'Tradewind' },
      user: { id: Buffer.from(person.id).toString('base64url') },
      attestation: 'none',
      authenticatorSelection: { residentKey: 'required', userVerification: 'required' },
    })
    expect(answer).toMatchObject({ status: 201, body: { name: 'Phone', isBackedUp: false } })
    expect(bodyOf<{ items: object[] }>(await call(person, 'GET', ''))).toEqual({ items: [answer.body] })
    expect((await mailOf(auth, person.id, 'second-factor-changed')).to).toBe(person.email)
  })

  test('signs in without a name or a password, as two factors', async () => {
    const person = await signUp(auth)
    const { device } = await register(person)
    const answer = await signIn(device)
    expect(answer.status).toBe(200)
    const { accessToken } = bodyOf<Person>(answer)
    expect(decodeJwt(accessToken)).toMatchObject({ sub: person.id, acr: 'aal2', amr: ['pop', 'user', 'mfa'] })
    expect(await call({ ...person, accessToken }, 'GET', '')).toMatchObject({
      body: { items: [{ lastUsedAt: auth.clock.now.toISOString() }] },
    })
  })

  test.each<[string, Partial<Asked>]>([
    ['for another origin', { origin: 'https://shop.example.evil.test' }],
    ['for another domain', { rpId: 'evil.test' }],
    ['for another challenge', { challenge: Buffer.alloc(32).toString('base64url') }],
    ['by a device that did not ask for its owner', { userVerified: false }],
  ])('is refused %s, at registration and at sign-in', async (_name, change) => {
    const person = await signUp(auth)
    expect((await register(person, new Authenticator(), change)).answer).toMatchObject({
      status: 400,
      body: { code: 'AUTH_PASSKEY_INVALID' },
    })
    const { device } = await register(person)
    expect(await signIn(device, change)).toMatchObject({ status: 401, body: { code: 'AUTH_PASSKEY_REFUSED' } })
    expect((await signIn(device)).status).toBe(200)
  })

  test('is good for one answer per challenge, also when that is refused', async () => {
    const person = await signUp(auth)
    const { device } = await register(person)
    const { ceremonyId, options } = await begin()
    const credential = device.assert(options)
    expect((await show(ceremonyId, credential)).status).toBe(200)
    expect(await show(ceremonyId, credential)).toMatchObject({ status: 401, body: { code: 'AUTH_CEREMONY_OVER' } })
    const other = await begin()
    expect((await show(other.ceremonyId, credential)).status).toBe(401)
    expect((await show(other.ceremonyId, device.assert(other.options))).status).toBe(401)
    expect((await show(newId('cer'), credential)).status).toBe(401)
  })

  test('is not registered by a challenge that was used, has expired, or was another’s', async () => {
    const [person, stranger] = [await signUp(auth), await signUp(auth)]
    const { ceremonyId, credential } = await register(person)
    expect((await call(person, 'POST', '/register/verify', { ceremonyId, name: 'Again', credential })).status).toBe(401)
    const begun = bodyOf<Begun>(await call(person, 'POST', '/register/options'))
    const body = {
      ceremonyId: begun.ceremonyId,
      name: 'Mine',
      credential: new Authenticator().register(begun.options, stranger.id),
    }
    expect((await call(stranger, 'POST', '/register/verify', body)).status).toBe(401)
    const before = auth.clock.now
    onTestFinished(() => {
      auth.clock.now = before
    })
    auth.clock.now = new Date(before.getTime() + 5 * 60_000)
    expect((await call(person, 'POST', '/register/verify', body)).status).toBe(401)
  })

  test('whose counter does not rise is a copy, and does not get in', async () => {
    const person = await signUp(auth)
    const { device } = await register(person)
    device.counter = 10
    expect((await signIn(device)).status).toBe(200)
    for (const counter of [10, 3, -1]) {
      device.counter = counter
      expect((await signIn(device)).status).toBe(401)
    }
    device.counter = 11
    expect((await signIn(device)).status).toBe(200)
  })

  test('of one account does not open another', async () => {
    const [person, stranger] = [await signUp(auth), await signUp(auth)]
    const { device } = await register(person)
    const { ceremonyId, options } = await begin()
    expect((await show(ceremonyId, device.assert(options, stranger.id))).status).toBe(401)
  })

  test('signed by another key is refused', async () => {
    const person = await signUp(auth)
    const { device } = await register(person)
    const forger = new Authenticator()
    const { ceremonyId, options } = await begin()
    const { response } = forger.assert(options, person.id)
    const { id, rawId, type, clientExtensionResults } = device.assert(options)
    expect((await show(ceremonyId, { id, rawId, type, clientExtensionResults, response })).status).toBe(401)
  })

  test('is renamed and deleted by its owner alone', async () => {
    const [person, stranger] = [await signUp(auth), await signUp(auth)]
    const { device, answer } = await register(person)
    const { id } = bodyOf<{ id: string }>(answer)
    for (const whoever of [stranger]) {
      expect((await call(whoever, 'PATCH', `/${id}`, { name: 'Mine' })).status).toBe(404)
      expect((await call(whoever, 'DELETE', `/${id}`)).status).toBe(404)
    }
    expect(await call(person, 'PATCH', `/${id}`, { name: 'Laptop' })).toMatchObject({
      status: 200,
      body: { name: 'Laptop' },
    })
    expect((await call(person, 'DELETE', `/${id}`)).status).toBe(204)
    expect((await signIn(device)).status).toBe(401)
  })

  test('is one of twenty at most', async () => {
    const person = await signUp(auth)
    for (let count = 0; count < 20; count++) expect((await register(person)).answer.status).toBe(201)
    expect((await register(person)).answer).toMatchObject({ status: 409, body: { code: 'AUTH_TOO_MANY_PASSKEYS' } })
  })
})
