import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { followRevocations } from '@tradewind/messaging/follow-revocations'
import { newId } from '@tradewind/service-kit/ids'
import { createRevocations } from '@tradewind/service-kit/revocations'
import { verifyToken } from '@tradewind/service-kit/testing'
import { createJwksSource, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { eventually } from '@tradewind/testkit/eventually'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { createKeyWithdrawals } from '../src/store/key-withdrawals.ts'
import { openKeys } from '../src/store/open-keys.ts'
import { makeWithdrawSigningKey } from '../src/use-cases/withdraw-signing-key.ts'
import {
  type AuthFixture,
  type AuthReplica,
  audience,
  issuer,
  publishMs,
  rotationMs,
  secretKeys,
  startAuth,
} from './auth-fixture.ts'
import { bodyOf, type Person, password, signIn, signInAdmin, signUp } from './signed-in.ts'

let auth: AuthFixture
let other: AuthReplica
let admin: Person
beforeAll(async () => {
  auth = await startAuth()
  other = await auth.startReplica()
  admin = await signInAdmin(auth)
})
afterAll(() => auth.stop())

/** Never back: keys that began to sign would be waiting again. */
const travel = (ms: number) => {
  auth.clock.now = new Date(auth.clock.now.getTime() + ms)
}
const keepOn = async (...replicas: AuthReplica[]) => {
  for (const replica of replicas) await replica.app.keepSigningKeys()
}
interface ListedKey {
  kid: string
  status: string
}
const asAdmin = async () => (await signIn(auth, admin)).accessToken
const listKeys = async () => {
  const answer = await auth.call('/v1/auth/keys', { token: await asAdmin() })
  return bodyOf<{ items: ListedKey[] }>(answer).items
}
const rotate = async (token: string) => auth.call('/v1/auth/keys/rotate', { method: 'POST', token })
const kidOf = async () => decodeProtectedHeader((await signUp(auth)).accessToken).kid

test('rotation publishes a key, signs with it later, and keeps the old one until its tokens have expired', async () => {
  const [old] = await listKeys()
  const answer = await rotate(await asAdmin())
  const next = bodyOf<ListedKey>(answer)
  expect([answer.status, next.status]).toEqual([202, 'published'])
  expect(bodyOf<ListedKey>(await rotate(await asAdmin())).kid).toBe(next.kid)
  expect(await kidOf()).toBe(old?.kid)
  expect((await listKeys()).map(({ status }) => status)).toEqual(['published', 'signing'])

  await keepOn(auth, other)
  travel(publishMs)
  expect(await kidOf()).toBe(next.kid)
  expect([auth, other].map(({ keys }) => keys.current().kid)).toEqual([next.kid, next.kid])
  expect((await listKeys()).map(({ status }) => status)).toEqual(['signing', 'retiring'])

  travel(660_000)
  await keepOn(auth, other)
  expect((await listKeys()).map(({ kid }) => kid)).toEqual([next.kid])
  expect(await auth.db.collection('signing_keys').countDocuments({ kid: old?.kid })).toBe(0)
})

test('rotates by itself when its time has come, once for all replicas', async () => {
  const before = await listKeys()
  travel(rotationMs)
  await Promise.all([keepOn(auth, other), keepOn(other, auth)])
  const after = await listKeys()
  expect(after).toHaveLength(before.length + 1)
  await keepOn(auth, other)
  expect(await listKeys()).toEqual(after)
  travel(publishMs)
  expect(auth.keys.current().kid).toBe(other.keys.current().kid)
})

test('keeps private keys sealed, and seals what an older version left in the clear', async () => {
  const stored = JSON.stringify(await auth.db.collection('signing_keys').find().toArray())
  expect(stored).not.toContain('PRIVATE')
  expect(stored).not.toContain(
    auth.keys.current().privateKey.export({ type: 'pkcs8', format: 'der' }).toString('base64url'),
  )

  const db = auth.db.client.db(`${auth.db.databaseName}_old`)
  const { privateKey, publicKey } = generateKeyPairSync('ed25519')
  const kid = await calculateJwkThumbprint(publicKey)
  const privatePem = privateKey.export({ type: 'pkcs8', format: 'pem' })
  const keys = db.collection<{ _id: number; createdAt: Date; kid: string; privatePem?: string }>('signing_keys')
  await keys.insertOne({ _id: 1, createdAt: new Date(), kid, privatePem })
  const [first = '', second = ''] = [1, 2].map((byte) => `k${byte}:${Buffer.alloc(32, byte).toString('base64')}`)
  const now = () => new Date()
  expect((await openKeys(db, first, now)).current().kid).toBe(kid)
  expect(await keys.findOne({ _id: 1 })).toMatchObject({ sealedKey: expect.stringMatching(/^k1\./) })
  expect(await keys.findOne({ _id: 1 })).not.toHaveProperty('privatePem')

  // The key that seals is replaced: it is opened once more with the old one.
  expect((await openKeys(db, `${second},${first}`, now)).current().kid).toBe(kid)
  expect((await openKeys(db, second, now)).current().kid).toBe(kid)
  await expect(openKeys(db, first, now)).rejects.toThrow('key k2, which is not configured')
})

/** The key set as services fetch it, over HTTP. */
async function serveJwks(): Promise<{ url: string; server: Server }> {
  const server = createServer((_request, response) => {
    auth.call('/.well-known/jwks.json').then(
      ({ body }) => response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      () => response.writeHead(500).end(),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { url: `http://127.0.0.1:${address.port}/`, server }
}

test.each([
  ['in quiet times', false],
  ['under a flood of unknown key ids', true],
])('rotates under load without one token that a service refuses, %s', async (_name, isFlooded) => {
  const { url, server } = await serveJwks()
  const now = () => auth.clock.now.getTime()
  const keys = createJwksSource(url, { now })
  const service = createTokenVerifier({ issuer, audience, keys, now })
  const kids = new Set<string | undefined>()
  let refused = 0
  const use = async (person: Person) => {
    // Both replicas give tokens; the service knows only what is published.
    for (const { call } of [auth, other]) {
      const body = { email: person.email, password }
      const { accessToken } = bodyOf<Person>(await call('/v1/auth/login', { method: 'POST', body }))
      kids.add(decodeProtectedHeader(accessToken).kid)
      await verifyToken(service, accessToken).catch(() => refused++)
      if (isFlooded) await keys.publicKey(newId('flood'))
    }
  }
  try {
    const people = await Promise.all(Array.from({ length: 2 }, () => signUp(auth)))
    await rotate(await asAdmin())
    // Twenty minutes of use, half a minute at a time.
    for (let step = 0; step < 40; step++) {
      await Promise.all(people.map(use))
      travel(30_000)
      await keepOn(auth, other)
    }
  } finally {
    server.closeAllConnections()
    server.close()
  }
  expect(kids.size).toBe(2)
  expect(refused).toBe(0)
})

test('a withdrawn key is worth nothing on a service that knows it, whatever the service keeps, and another signs', async () => {
  const { url, server } = await serveJwks()
  const now = () => auth.clock.now.getTime()
  const revocations = createRevocations({ now })
  const feed = followRevocations(auth.messaging, revocations)
  const service = createTokenVerifier({ issuer, audience, keys: createJwksSource(url, { now }), revocations, now })
  try {
    const [before, unseen] = [await signUp(auth), await signUp(auth)]
    // Verified once, so that the service remembers it.
    await verifyToken(service, before.accessToken)
    const kid = decodeProtectedHeader(before.accessToken).kid ?? ''
    // By another process, as an operator does it, with an outbox that the service itself empties.
    const withdraw = makeWithdrawSigningKey({
      keys: await openKeys(auth.db, secretKeys, () => auth.clock.now),
      keyWithdrawals: createKeyWithdrawals(auth.db, () => auth.clock.now),
      newId,
    })
    const startedAt = performance.now()
    const { signing } = await withdraw(kid)
    expect(signing).not.toBe(kid)
    const isRefused = (token: string) =>
      verifyToken(service, token).then(
        () => false,
        () => true,
      )
    auth.clock.now = new Date(now() + 5000)
    await eventually(() => isRefused(before.accessToken), { timeoutMs: 30_000 })
    expect(performance.now() - startedAt).toBeLessThan(30_000)
    expect(await isRefused(unseen.accessToken)).toBe(true)
    expect((await auth.call('/v1/auth/me', { token: before.accessToken })).status).toBe(401)
    await expect(withdraw(kid)).rejects.toThrow('no such signing key')

    await keepOn(auth, other)
    travel(30_000)
    const after = await signIn(auth, before)
    expect(decodeProtectedHeader(after.accessToken).kid).toBe(signing)
    await verifyToken(service, after.accessToken)
    expect((await listKeys()).map((key) => key.kid)).not.toContain(kid)
  } finally {
    await feed.close()
    server.closeAllConnections()
    server.close()
  }
})
