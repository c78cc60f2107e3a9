import { createHmac, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import { permissionsOf } from '@tradewind/contracts/permissions'
import { describe, expect, test } from 'vitest'
import { verifyToken } from '../src/testing.ts'
import { createJwksSource, createKeySet, createTokenVerifier, InvalidToken, KeysUnavailable } from '../src/tokens.ts'

const issuer = 'https://issuer.test'
const audience = 'things'
const kid = 'key_1'
const ours = generateKeyPairSync('ed25519')
const theirs = generateKeyPairSync('ed25519')

const jwk = (key: KeyObject, id: string) => ({ ...key.export({ format: 'jwk' }), kid: id, alg: 'EdDSA', use: 'sig' })
const jwks = { keys: [jwk(ours.publicKey, kid)] }
const publicPem = ours.publicKey.export({ type: 'spki', format: 'pem' })

const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const nowSeconds = () => Math.floor(Date.now() / 1000)
const goodHeader = { alg: 'EdDSA', typ: 'at+jwt', kid }
const goodClaims = () => ({
  iss: issuer,
  aud: audience,
  sub: 'usr_1',
  sid: 'ses_1',
  roles: ['customer'],
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
})
type Part = Record<string, unknown>

function without(part: Part, name: string): Part {
  return Object.fromEntries(Object.entries(part).filter(([key]) => key !== name))
}

function forge(header: Part, claims: Part, key: KeyObject = ours.privateKey): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

function hmacForge(header: Part, secret: string): string {
  const input = `${encode(header)}.${encode(goodClaims())}`
  return `${input}.${createHmac('sha256', secret).update(input).digest('base64url')}`
}

const verifier = createTokenVerifier({ issuer, audience, keys: createKeySet(jwks.keys) })

test('says who the bearer of a good token is', async () => {
  const token = forge(goodHeader, { ...goodClaims(), roles: ['customer', 'operator'] })
  const permissions = permissionsOf(['operator'])
  const caller = { userId: 'usr_1', sessionId: 'ses_1', roles: ['customer', 'operator'], scope: undefined, permissions }
  expect(await verifyToken(verifier, token)).toEqual(caller)
  expect(await verifyToken(verifier, token)).toEqual(caller)
})

describe('refuses a token', () => {
  const claims = goodClaims()
  const unsigned = `${encode({ alg: 'none', typ: 'at+jwt', kid })}.${encode(claims)}.`
  const [goodHead, goodBody, goodSignature] = forge(goodHeader, claims).split('.')
  const forged: [string, string][] = [
    ['without a signature', unsigned],
    ['without a signature that claims EdDSA', `${goodHead}.${goodBody}.`],
    ['with None', forge({ ...goodHeader, alg: 'None' }, claims)],
    ['with HS256 under the public key', hmacForge({ ...goodHeader, alg: 'HS256' }, publicPem)],
    ['with HS256 that claims EdDSA', hmacForge(goodHeader, publicPem)],
    ['with ES256', forge({ ...goodHeader, alg: 'ES256' }, claims)],
    ['of another key', forge(goodHeader, claims, theirs.privateKey)],
    ['with changed claims', `${goodHead}.${encode({ ...claims, roles: ['operator'] })}.${goodSignature}`],
    [
      'that brings its own key (jwk)',
      forge({ ...goodHeader, jwk: jwk(theirs.publicKey, kid) }, claims, theirs.privateKey),
    ],
    [
      'that names its own key set (jku)',
      forge({ ...goodHeader, jku: 'https://evil.test/jwks' }, claims, theirs.privateKey),
    ],
    ['of ours that names a key set', forge({ ...goodHeader, jku: 'https://evil.test/jwks' }, claims)],
    ['with a critical extension', forge({ ...goodHeader, crit: ['b64'], b64: false }, claims)],
    ['with an unknown key id', forge({ ...goodHeader, kid: 'key_2' }, claims)],
    ['with a path for a key id', forge({ ...goodHeader, kid: '../../dev/null' }, claims)],
    ['with a prototype for a key id', forge({ ...goodHeader, kid: '__proto__' }, claims)],
    ['with an object for a key id', forge({ ...goodHeader, kid: { $gt: '' } }, claims)],
    ['without a key id', forge(without(goodHeader, 'kid'), claims)],
    ['of type JWT', forge({ ...goodHeader, typ: 'JWT' }, claims)],
    ['without a type', forge(without(goodHeader, 'typ'), claims)],
    ['of another issuer', forge(goodHeader, { ...claims, iss: 'https://evil.test' })],
    ['for another audience', forge(goodHeader, { ...claims, aud: 'others' })],
    ['that expired', forge(goodHeader, { ...claims, exp: nowSeconds() - 1 })],
    ['that expires now and then', forge(goodHeader, { ...claims, exp: 'never' })],
    ['that is not valid yet', forge(goodHeader, { ...claims, nbf: nowSeconds() + 600 })],
    ['issued in the future', forge(goodHeader, { ...claims, iat: nowSeconds() + 3600 })],
    ['with roles that are no list', forge(goodHeader, { ...claims, roles: 'operator' })],
    ...['iss', 'aud', 'sub', 'sid', 'roles', 'iat', 'exp'].map((name): [string, string] => [
      `without ${name}`,
      forge(goodHeader, without(claims, name)),
    ]),
    ['that is rubbish', 'rubbish'],
    ['of three dots', '...'],
    ['that is endless', `${goodHead}.${'A'.repeat(100_000)}.${goodSignature}`],
  ]
  test.each(forged)('%s', async (_name, token) => {
    await expect(verifyToken(verifier, token)).rejects.toSatisfy(InvalidToken.is)
  })

  test('that was good until it expired', async () => {
    let now = Date.now()
    const aging = createTokenVerifier({ issuer, audience, keys: createKeySet(jwks.keys), now: () => now })
    const token = forge(goodHeader, claims)
    await verifyToken(aging, token)
    now += 601_000
    await expect(verifyToken(aging, token)).rejects.toSatisfy(InvalidToken.is)
  })
})

/** A JWKS endpoint that counts, and fails when told to. */
function jwksEndpoint() {
  const state = { fetches: 0, failing: false, keys: jwks.keys, now: 1_000_000, errors: 0 }
  const source = createJwksSource('https://auth.test/jwks', {
    fetch: async () => {
      state.fetches++
      if (state.failing) throw new TypeError('fetch failed')
      return Response.json({ keys: state.keys })
    },
    now: () => state.now,
    onError: () => {
      state.errors++
    },
  })
  return { state, source }
}

describe('the key source', () => {
  test('fetches once for callers that come together', async () => {
    const { state, source } = jwksEndpoint()
    const found = await Promise.all(Array.from({ length: 50 }, () => source.publicKey(kid)))
    expect(found.every((key) => key !== undefined)).toBe(true)
    expect(state.fetches).toBe(1)
  })

  test('fetches at most once per 30 seconds however many unknown key ids arrive', async () => {
    const { state, source } = jwksEndpoint()
    await source.load()
    state.now += 30_000
    await Promise.all(Array.from({ length: 200 }, (_, index) => source.publicKey(`flood_${index}`)))
    for (let index = 0; index < 200; index++) await source.publicKey(`later_${index}`)
    expect(state.fetches).toBe(2)
    state.now += 30_000
    await source.publicKey('again')
    expect(state.fetches).toBe(3)
  })

  test('finds a key that was published after it looked', async () => {
    const { state, source } = jwksEndpoint()
    await source.load()
    state.now += 30_000
    state.keys = [...jwks.keys, jwk(theirs.publicKey, 'key_2')]
    expect(await source.publicKey('key_2')).toBeDefined()
  })

  test('serves known keys while the endpoint fails, and says so', async () => {
    const { state, source } = jwksEndpoint()
    await source.load()
    state.failing = true
    state.now += 600_000
    expect(await source.publicKey(kid)).toBeDefined()
    state.now += 30_000
    expect(await source.publicKey('unknown')).toBeUndefined()
    expect(state.errors).toBe(2)
  })

  test('is unavailable until the first keys came, and tries again after a second', async () => {
    const { state, source } = jwksEndpoint()
    state.failing = true
    await expect(source.publicKey(kid)).rejects.toSatisfy(KeysUnavailable.is)
    state.failing = false
    await expect(source.publicKey(kid)).rejects.toSatisfy(KeysUnavailable.is)
    state.now += 1_000
    expect(await source.publicKey(kid)).toBeDefined()
    expect(state.fetches).toBe(2)
  })

  test('uses Ed25519 keys only', async () => {
    const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
    const keys = createKeySet([jwk(rsa.publicKey, 'rsa'), { kty: 'oct', k: 'c2VjcmV0', kid: 'oct' }, ...jwks.keys])
    expect(await keys.publicKey('rsa')).toBeUndefined()
    expect(await keys.publicKey('oct')).toBeUndefined()
    expect(await keys.publicKey(kid)).toBeDefined()
  })
})
