import { hash } from '@node-rs/argon2'
import { decodeJwt } from 'jose'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { type AuthFixture, startAuth } from './auth-fixture.ts'
import { mailOf } from './mails.ts'
import { bodyOf, type Person, password, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

const stepMs = 30_000

/** Moves the clock for the rest of the test. */
function travel(ms: number) {
  const before = auth.clock.now
  onTestFinished(() => {
    auth.clock.now = before
  })
  auth.clock.now = new Date(before.getTime() + ms)
}

const call = ({ accessToken }: Person, method: 'GET' | 'POST' | 'DELETE', path: string, body?: unknown) =>
  auth.call(`/v1/auth/${path}`, { method, token: accessToken, body })

/** What a code generator shows, so many steps from now. */
const codeOf = (secret: string, steps = 0) =>
  TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now.getTime() + steps * stepMs })

interface Enrolled {
  readonly secret: string
  readonly recoveryCodes: string[]
}

async function enrol(person: Person): Promise<Enrolled> {
  const { secret } = bodyOf<{ secret: string; uri: string }>(await call(person, 'POST', 'mfa/totp/enroll'))
  const answer = await call(person, 'POST', 'mfa/totp/verify', { code: codeOf(secret) })
  expect(answer.status).toBe(200)
  return { secret, recoveryCodes: bodyOf<{ recoveryCodes: string[] }>(answer).recoveryCodes }
}

async function begin({ email }: Person): Promise<string> {
  const answer = await auth.post('/v1/auth/login', { email, password })
  expect(answer).toMatchObject({ status: 200, body: { mfaRequired: true, mfaToken: expect.any(String) } })
  expect(Object.keys(bodyOf<object>(answer))).toEqual(['mfaRequired', 'mfaToken'])
  return bodyOf<{ mfaToken: string }>(answer).mfaToken
}

const challenge = (mfaToken: string, code: string) => auth.post('/v1/auth/mfa/challenge', { mfaToken, code })

describe('a code generator', () => {
  test('is asked for once a first code was shown, and not before', async () => {
    const person = await signUp(auth)
    const enrolled = bodyOf<{ secret: string; uri: string }>(await call(person, 'POST', 'mfa/totp/enroll'))
    expect(enrolled.uri).toMatch(/^otpauth:\/\/totp\/Tradewind:.*issuer=Tradewind/)
    expect(enrolled.uri).toContain(enrolled.secret)
    await signIn(auth, person)
    expect((await call(person, 'POST', 'mfa/totp/verify', { code: '000000' })).status).toBe(400)
    await signIn(auth, person)
    const answer = await call(person, 'POST', 'mfa/totp/verify', { code: codeOf(enrolled.secret) })
    expect(bodyOf<{ recoveryCodes: string[] }>(answer).recoveryCodes).toHaveLength(10)
    await begin(person)
    expect(await call(person, 'GET', 'mfa')).toMatchObject({ body: { totp: true, recoveryCodesLeft: 10, passkeys: 0 } })
    expect((await mailOf(auth, person.id, 'second-factor-changed')).to).toBe(person.email)
    expect(await call(person, 'POST', 'mfa/totp/enroll')).toMatchObject({
      status: 409,
      body: { code: 'AUTH_TOTP_ACTIVE' },
    })
  })

  test('completes a sign-in, and the token says how', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    travel(stepMs)
    const mfaToken = await begin(person)
    const answer = await challenge(mfaToken, codeOf(secret))
    expect(answer).toMatchObject({
      status: 200,
      body: { tokenType: 'Bearer', refreshToken: expect.any(String), deviceToken: expect.any(String) },
    })
    const noted = await auth.db.collection('audit').find({ subject: person.id }).sort({ at: 1, _id: 1 }).toArray()
    expect(noted.map(({ action }) => String(action))).toEqual(
      expect.arrayContaining(['mfa.enrolled', 'sign_in.succeeded']),
    )
    const { accessToken, refreshToken } = bodyOf<Person>(answer)
    const claims = { acr: 'aal2', amr: ['pwd', 'otp', 'mfa'], auth_time: Math.floor(auth.clock.now.getTime() / 1000) }
    expect(decodeJwt(accessToken)).toMatchObject(claims)
    const refreshed = bodyOf<Person>(await auth.post('/v1/auth/refresh', { refreshToken }))
    expect(decodeJwt(refreshed.accessToken)).toMatchObject(claims)
    expect((await challenge(mfaToken, codeOf(secret, 1))).status).toBe(401)
  })

  test('has codes that are good once, and none after a later one', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    // The code that verified it was used with that.
    expect((await challenge(await begin(person), codeOf(secret))).status).toBe(400)
    expect((await challenge(await begin(person), codeOf(secret, 1))).status).toBe(200)
    for (const steps of [1, 0, -1])
      expect(await challenge(await begin(person), codeOf(secret, steps))).toMatchObject({
        status: 400,
        body: { code: 'AUTH_INVALID_CODE' },
      })
  })

  test('gives one session to many who show one code at the same moment', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    const mfaTokens = [await begin(person), await begin(person), await begin(person), await begin(person)]
    const answers = await Promise.all(mfaTokens.map((mfaToken) => challenge(mfaToken, codeOf(secret, 1))))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
  })

  test('may be a step off, and no more', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    travel(10 * stepMs)
    for (const steps of [-2, 2]) expect((await challenge(await begin(person), codeOf(secret, steps))).status).toBe(400)
    for (const steps of [-1, 0, 1])
      expect((await challenge(await begin(person), codeOf(secret, steps))).status).toBe(200)
  })

  test('has a sign-in of five tries and five minutes', async () => {
    const person = await signUp(auth)
    const { secret, recoveryCodes } = await enrol(person)
    const mfaToken = await begin(person)
    const wrong = await Promise.all(Array.from({ length: 8 }, () => challenge(mfaToken, 'AAAA-AAAA-AAAA-AAAA')))
    expect(wrong.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([
      400, 400, 400, 400, 400, 401, 401, 401,
    ])
    expect((await challenge(mfaToken, recoveryCodes[0] ?? '')).status).toBe(401)
    const late = await begin(person)
    travel(5 * 60_000)
    expect(await challenge(late, codeOf(secret))).toMatchObject({ status: 401, body: { code: 'AUTH_CEREMONY_OVER' } })
    for (const text of ['rubbish', `${late}A`, late.replace(/.{43}$/, 'A'.repeat(43))])
      expect((await challenge(text, codeOf(secret))).status).toBe(401)
  })

  test('rests after many wrong codes over any number of sign-ins, and a recovery code still lets its owner in', async () => {
    const person = await signUp(auth)
    const { secret, recoveryCodes } = await enrol(person)
    travel(10 * stepMs)
    const wrong = codeOf(secret, 100)
    for (let times = 0; times < 5; times++) expect((await challenge(await begin(person), wrong)).status).toBe(400)
    expect(await challenge(await begin(person), codeOf(secret))).toMatchObject({
      status: 429,
      body: { code: 'AUTH_TOO_MANY_CODES' },
      headers: { 'retry-after': '60' },
    })
    expect((await challenge(await begin(person), recoveryCodes[3] ?? '')).status).toBe(200)
    travel(2 * stepMs)
    expect((await challenge(await begin(person), codeOf(secret))).status).toBe(200)
  })

  test('is removed by whoever has signed in recently, with the recovery codes', async () => {
    const person = await signUp(auth)
    await enrol(person)
    expect((await call(person, 'DELETE', 'mfa/totp')).status).toBe(204)
    expect((await call(person, 'DELETE', 'mfa/totp')).status).toBe(204)
    await signIn(auth, person)
    expect(await call(person, 'GET', 'mfa')).toMatchObject({ body: { totp: false, recoveryCodesLeft: 0 } })
  })

  test('keeps nothing in the clear', async () => {
    const person = await signUp(auth)
    const { secret, recoveryCodes } = await enrol(person)
    const stored = JSON.stringify(await auth.db.collection<{ _id: string }>('accounts').findOne({ _id: person.id }))
    const bytes = Buffer.from(Secret.fromBase32(secret).bytes)
    for (const text of [secret, bytes.toString('base64url'), bytes.toString('hex'), ...recoveryCodes])
      expect(stored).not.toContain(text)
  })
})

describe('recovery codes', () => {
  test('are good once each', async () => {
    const person = await signUp(auth)
    const { recoveryCodes } = await enrol(person)
    const [first = '', second = ''] = recoveryCodes
    expect((await challenge(await begin(person), first)).status).toBe(200)
    expect((await challenge(await begin(person), first)).status).toBe(400)
    expect((await challenge(await begin(person), second)).status).toBe(200)
    expect(await call(person, 'GET', 'mfa')).toMatchObject({ body: { recoveryCodesLeft: 8 } })
  })

  test('are replaced as a whole', async () => {
    const person = await signUp(auth)
    const { recoveryCodes } = await enrol(person)
    const renewed = bodyOf<Enrolled>(await call(person, 'POST', 'mfa/recovery-codes')).recoveryCodes
    expect(renewed.filter((code) => recoveryCodes.includes(code))).toEqual([])
    expect((await challenge(await begin(person), recoveryCodes[0] ?? '')).status).toBe(400)
    expect((await challenge(await begin(person), renewed[0] ?? '')).status).toBe(200)
  })
})

describe('stepping up', () => {
  test('takes a code where there is a generator, and the password does not do', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    travel(stepMs)
    expect(await call(person, 'POST', 'step-up', { password })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/code' }] },
    })
    expect((await call(person, 'POST', 'step-up', { password, code: codeOf(secret) })).status).toBe(400)
    const answer = await call(person, 'POST', 'step-up', { code: codeOf(secret) })
    expect(decodeJwt(bodyOf<Person>(answer).accessToken)).toMatchObject({
      acr: 'aal2',
      sid: decodeJwt(person.accessToken)['sid'],
    })
    expect((await call(person, 'POST', 'step-up', { code: codeOf(secret) })).status).toBe(400)
  })

  test('is what removing a generator takes, after a while', async () => {
    const person = await signUp(auth)
    const { secret } = await enrol(person)
    travel(9 * 60_000)
    const later = {
      ...person,
      ...bodyOf<Person>(await auth.post('/v1/auth/refresh', { refreshToken: person.refreshToken })),
    }
    travel(2 * 60_000)
    expect((await call(later, 'DELETE', 'mfa/totp')).status).toBe(401)
    const fresh = bodyOf<Person>(await call(later, 'POST', 'step-up', { code: codeOf(secret) }))
    expect((await call({ ...later, accessToken: fresh.accessToken }, 'DELETE', 'mfa/totp')).status).toBe(204)
  })

  test('takes the password where there is none', async () => {
    const person = await signUp(auth)
    expect((await call(person, 'POST', 'step-up', {})).status).toBe(400)
    expect((await call(person, 'POST', 'step-up', { code: '123456' })).status).toBe(400)
    expect(await call(person, 'POST', 'step-up', { password: 'wrong' })).toMatchObject({
      body: { code: 'AUTH_WRONG_PASSWORD' },
    })
    const answer = await call(person, 'POST', 'step-up', { password })
    expect(decodeJwt(bodyOf<Person>(answer).accessToken)).toMatchObject({ acr: 'aal1', amr: ['pwd'] })
  })
})

describe('where staff must show a second factor', () => {
  test('an operator is a customer until he did', async () => {
    const strict = await startAuth({ staffNeedsMfa: true })
    onTestFinished(() => strict.stop())
    const admin = await signInAdmin(strict)
    const users = (token: string) => strict.call('/v1/auth/users', { token })
    expect(decodeJwt(admin.accessToken)).toMatchObject({ roles: ['customer'], acr: 'aal1' })
    expect((await users(admin.accessToken)).status).toBe(403)
    const post = (path: string, body?: unknown) => strict.call(path, { method: 'POST', token: admin.accessToken, body })
    const { secret } = bodyOf<{ secret: string }>(await post('/v1/auth/mfa/totp/enroll'))
    const code = (steps: number) =>
      TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: strict.clock.now.getTime() + steps * stepMs })
    expect((await post('/v1/auth/mfa/totp/verify', { code: code(0) })).status).toBe(200)
    const stepped = bodyOf<Person>(await post('/v1/auth/step-up', { code: code(1) }))
    expect(decodeJwt(stepped.accessToken)).toMatchObject({ roles: ['operator', 'admin'], acr: 'aal2' })
    expect((await users(stepped.accessToken)).status).toBe(200)
    const refreshed = bodyOf<Person>(await strict.post('/v1/auth/refresh', { refreshToken: admin.refreshToken }))
    expect((await users(refreshed.accessToken)).status).toBe(200)
  })
})

test('a hash of weaker parameters is replaced at the next sign-in', async () => {
  const person = await signUp(auth)
  const weak = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  const accounts = auth.db.collection<{ _id: string; passwordHash: string }>('accounts')
  await accounts.updateOne({ _id: person.id }, { $set: { passwordHash: weak }, $inc: { version: 1 } })
  await signIn(auth, person)
  expect((await accounts.findOne({ _id: person.id }))?.passwordHash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  await signIn(auth, person)
})
