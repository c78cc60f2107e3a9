import { generateKeyPairSync } from 'node:crypto'
import { createServer, type Server } from 'node:http'
import { newId } from '@tradewind/service-kit/ids'
import { verifyToken } from '@tradewind/service-kit/testing'
import { createJwksSource, createTokenVerifier } from '@tradewind/service-kit/tokens'
import { calculateJwkThumbprint, decodeProtectedHeader } from 'jose'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { openKeys } from '../src/store/open-keys.ts'
import {
  type AuthFixture,
  type AuthReplica,
  audience,
  issuer,
  publishMs,
  rotationMs,
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
