import { spawn } from 'node:child_process'
import { resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { eventually } from '@tradewind/testkit/eventually'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuthFixture, secretKeys, startAuth } from './auth-fixture.ts'
import { mailsFor } from './mails.ts'
import { bodyOf, signUp, password as usual } from './signed-in.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

async function run(
  args: readonly string[],
  { input = '', env = {} }: { input?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const child = spawn(process.execPath, [resolve(import.meta.dirname, '../src/cli.ts'), ...args], {
    env: {
      PATH: process.env['PATH'],
      MONGODB_URL: auth.mongodbUrl,
      MONGODB_DATABASE: auth.db.databaseName,
      NATS_URL: 'nats://127.0.0.1:1',
      AUTH_KEYS: secretKeys,
      ...env,
    },
  })
  child.stdin.end(input)
  const ended = new Promise<number | null>((done) => child.once('close', (code) => done(code)))
  const [out, err, code] = await Promise.all([text(child.stdout), text(child.stderr), ended])
  return { out, err, code }
}
const json = async (...args: string[]) => {
  const { out, code, err } = await run(['--json', ...args])
  expect(err).toBe('')
  return { code, answer: JSON.parse(out) }
}

test('explains itself without touching anything', async () => {
  const { out, code } = await run(['--help'], { env: { MONGODB_URL: '', AUTH_KEYS: '' } })
  expect(code).toBe(0)
  for (const command of ['create-admin', 'revoke-user', 'reset-mfa', 'rotate-keys', 'withdraw-key', 'verify-audit'])
    expect(out).toContain(command)
})

test('makes an admin with the password from its input, which it does not repeat', async () => {
  const password = 'a passphrase from standard input'
  const { out, code } = await run(['create-admin', 'root@example.org'], { input: `${password}\n` })
  expect([code, out]).toEqual([0, 'outcome: created\n'])
  expect((await auth.post('/v1/auth/login', { email: 'root@example.org', password })).status).toBe(200)
  expect(await run(['create-admin', 'root@example.org'], { input: 'short' })).toMatchObject({ code: 1, out: '' })
})

test('ends the sessions of an account, by id or address, and writes it down', async () => {
  const ada = await signUp(auth)
  expect(await json('revoke-user', ada.email)).toEqual({ code: 0, answer: { userId: ada.id, ended: 1 } })
  expect((await auth.post('/v1/auth/refresh', { refreshToken: ada.refreshToken })).status).toBe(401)
  expect((await json('revoke-user', ada.id)).answer).toEqual({ userId: ada.id, ended: 0 })
  const noted = await auth.db.collection('audit').find({ subject: ada.id, action: 'sign_out.all' }).toArray()
  expect(noted).toMatchObject([{ actor: { kind: 'system' } }, {}])
  expect(await run(['revoke-user', 'nobody@example.org'])).toMatchObject({ code: 2, out: '' })
})

test('takes second factors away from who lost them, ends the sessions, tells the owner and writes it down', async () => {
  const ada = await signUp(auth)
  const as = { method: 'POST', token: ada.accessToken } as const
  const { secret } = bodyOf<{ secret: string }>(await auth.call('/v1/auth/mfa/totp/enroll', as))
  const code = TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now.getTime() })
  await auth.call('/v1/auth/mfa/totp/verify', { ...as, body: { code } })
  const login = () => auth.post('/v1/auth/login', { email: ada.email, password: usual })
  expect(await login()).toMatchObject({ body: { mfaRequired: true } })

  expect(await json('reset-mfa', ada.email)).toEqual({ code: 0, answer: { userId: ada.id } })
  expect((await auth.post('/v1/auth/refresh', { refreshToken: ada.refreshToken })).status).toBe(401)
  expect(await login()).toMatchObject({ status: 200, body: { tokenType: 'Bearer' } })
  // The service looks for what other processes left in its outboxes once it is some seconds old.
  auth.clock.now = new Date(Date.now() + 5000)
  await eventually(() => mailsFor(auth, ada.id).filter(({ kind }) => kind === 'second-factor-changed').length === 2)
  const noted = await auth.db.collection('audit').find({ subject: ada.id, action: 'mfa.reset' }).toArray()
  expect(noted).toMatchObject([{ actor: { kind: 'system' } }])
  expect(await run(['reset-mfa', 'nobody@example.org'])).toMatchObject({ code: 2, out: '' })
})

test('withdraws a key that signs, and another signs', async () => {
  const kid = auth.keys.current().kid
  const { answer } = await json('withdraw-key', kid)
  expect(answer).toMatchObject({ withdrawn: kid, signing: expect.not.stringContaining(kid) })
  await auth.app.keepSigningKeys()
  expect(auth.keys.current().kid).toBe(answer.signing)
  expect(await auth.db.collection('audit').countDocuments({ action: 'key.withdrawn', 'detail.kid': kid })).toBe(1)
  expect(await run(['withdraw-key', kid])).toMatchObject({ code: 2, out: '' })
})

test('rotates the keys that sign tokens', async () => {
  const { answer } = await json('rotate-keys')
  expect(answer).toMatchObject({ status: 'published', kid: expect.any(String) })
  await auth.app.keepSigningKeys()
  expect(auth.keys.list().map(({ kid }) => kid)).toContain(answer.kid)
})

test('verifies the audit log and says by its exit code when it is broken', async () => {
  await auth.app.sealAudit()
  const good = await json('verify-audit')
  expect(good).toMatchObject({ code: 0, answer: { broken: null } })
  expect((await json('verify-audit', '--seq', '1', '--hash', '0'.repeat(64))).code).toBe(2)
  await auth.db.collection('audit').updateOne({ 'seal.seq': 1 }, { $set: { action: 'sign_out.one' } })
  expect(await json('verify-audit')).toMatchObject({ code: 2, answer: { broken: { seq: 1, reason: 'changed' } } })
})

test('names every fault of the configuration', async () => {
  const { code, err } = await run(['rotate-keys'], { env: { MONGODB_URL: '', AUTH_KEYS: '' } })
  expect(code).toBe(78)
  expect(err).toContain('MONGODB_URL is not set')
})
