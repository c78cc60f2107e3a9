import { createHmac, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from 'node:crypto'
import type { RouteContract, ServiceName } from '@tradewind/contracts/route'
import { allRoutes } from '@tradewind/contracts/routes'
import { createKeyring } from '@tradewind/service-kit/keyring'
import { createSeal } from '@tradewind/service-kit/sealing'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop } from './shop-client.ts'

const secretKeys = `test:${Buffer.alloc(32, 9).toString('base64')}`
const issuer = 'https://tradewind.local'

let system: RunningSystem
let forged: readonly (readonly [name: string, token: string])[]
let good: string
beforeAll(async () => {
  system = await runSystem({ AUTH_KEYS: secretKeys })
  const signing = await signingKey()
  const shop = createShop(system.gatewayUrl)
  const { token, refreshToken } = await shop.newCustomer()
  const apiKey = await shop.post(
    '/v1/auth/api-keys',
    { name: 'a key', scopes: ['own:use'], expiresInDays: 1 },
    { token },
  )
  const { key }: { key: string } = JSON.parse(JSON.stringify(apiKey.body))
  good = forge(signing, {}, {})
  forged = [...forgeriesWith(signing), ['a refresh token', refreshToken], ['an API key', key]]
}, 60_000)
afterAll(() => system.end())

interface Signing {
  readonly kid: string
  readonly privateKey: KeyObject
}

/** The key that really signs, so that nothing but what is wrong with a token is wrong with it. */
async function signingKey(): Promise<Signing> {
  const client = await MongoClient.connect(system.mongodbUrl)
  try {
    const stored = await client
      .db(system.databaseOf('auth'))
      .collection<{ kid: string; sealedKey: string }>('signing_keys')
      .findOne({})
    if (stored === null) throw new Error('auth has no key')
    const { open } = createSeal(createKeyring(secretKeys, 'tradewind auth signing keys'))
    const key = open(stored.kid, stored.sealedKey)
    return { kid: stored.kid, privateKey: createPrivateKey({ key, format: 'der', type: 'pkcs8' }) }
  } finally {
    await client.close()
  }
}

type Part = Record<string, unknown>
const encode = (part: unknown) => Buffer.from(JSON.stringify(part)).toString('base64url')
const nowSeconds = () => Math.floor(Date.now() / 1000)
/** Of an admin, so that it is refused for what it is and not for what it may do. */
const goodClaims = (): Part => ({
  iss: issuer,
  aud: 'tradewind',
  sub: `usr_${'0'.repeat(32)}`,
  sid: `ses_${'0'.repeat(32)}`,
  roles: ['admin'],
  iat: nowSeconds(),
  exp: nowSeconds() + 600,
})
const inputOf = ({ kid }: Signing, header: Part, claims: Part) =>
  `${encode({ alg: 'EdDSA', typ: 'at+jwt', kid, ...header })}.${encode({ ...goodClaims(), ...claims })}`

/** A field that is undefined is left out. */
function forge(signing: Signing, header: Part, claims: Part, key: KeyObject = signing.privateKey): string {
  const input = inputOf(signing, header, claims)
  return `${input}.${sign(null, Buffer.from(input), key).toString('base64url')}`
}

function forgeriesWith(signing: Signing): (readonly [string, string])[] {
  const stranger = generateKeyPairSync('ed25519')
  const strangersJwk = { ...stranger.publicKey.export({ format: 'jwk' }), kid: signing.kid }
  const publicPem = createPublicKey(signing.privateKey).export({ type: 'spki', format: 'pem' })
  const hmac = (header: Part) => {
    const input = inputOf(signing, header, {})
    return `${input}.${createHmac('sha256', publicPem).update(input).digest('base64url')}`
  }
  const now = nowSeconds()
  const withHeader = (name: string, header: Part, key = signing.privateKey) =>
    [name, forge(signing, header, {}, key)] as const
  const withClaims = (name: string, claims: Part) => [name, forge(signing, {}, claims)] as const
  return [
    ['none', `${inputOf(signing, { alg: 'none' }, {})}.`],
    ['no signature', `${inputOf(signing, {}, {})}.`],
    withHeader('None with a signature', { alg: 'None' }),
    ['HS256 under the public key', hmac({ alg: 'HS256' })],
    ['HS256 that claims EdDSA', hmac({})],
    withHeader('another key', {}, stranger.privateKey),
    withHeader('jwk', { jwk: strangersJwk }, stranger.privateKey),
    withHeader('jku', { jku: 'https://evil.test/jwks.json' }),
    withHeader('x5u', { x5u: 'https://evil.test/cert.pem' }),
    withHeader('x5c', { x5c: ['MIIB'] }),
    withHeader('crit', { crit: ['b64'], b64: false }),
    withHeader('no type', { typ: undefined }),
    withHeader('type JWT', { typ: 'JWT' }),
    withHeader('no kid', { kid: undefined }),
    withHeader('an unknown kid', { kid: 'key_2' }),
    withHeader('a path for a kid', { kid: '../../../dev/null' }),
    withHeader('a prototype for a kid', { kid: '__proto__' }),
    withHeader('an operator for a kid', { kid: { $gt: '' } }),
    withHeader('an endless kid', { kid: 'k'.repeat(2000) }),
    withClaims('another issuer', { iss: 'https://evil.test' }),
    withClaims('another audience', { aud: 'others' }),
    withClaims('no issuer', { iss: undefined }),
    withClaims('no audience', { aud: undefined }),
    withClaims('no expiry', { exp: undefined }),
    withClaims('no issue time', { iat: undefined }),
    withClaims('no session', { sid: undefined }),
    withClaims('no roles', { roles: undefined }),
    withClaims('expired', { iat: now - 700, exp: now - 100 }),
    withClaims('a life of ten years', { exp: now + 315_360_000 }),
    withClaims('not valid yet', { nbf: now + 3600 }),
    withClaims('issued in the future', { iat: now + 3600, exp: now + 4000 }),
    ['changed claims', changed(forge(signing, {}, { roles: ['customer'] }))],
  ]
}

/** Another's claims under a signature that is not theirs. */
function changed(token: string): string {
  const [header = '', , signature = ''] = token.split('.')
  return `${header}.${encode(goodClaims())}.${signature}`
}

const protectedRoutes = allRoutes.filter(({ access }) => access !== 'public')
const pathOf = ({ path }: RouteContract) => path.replaceAll(/:\w+/g, 'some-id')

/** Statuses of a route for every forgery, by name. */
async function statusesAt(url: string, route: RouteContract, tokens: typeof forged): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [name, token] of tokens) {
    const headers = { authorization: `Bearer ${token}` }
    const response = await fetch(url + pathOf(route), { method: route.method, headers })
    await response.body?.cancel()
    found[name] = response.status
  }
  return found
}

async function acceptedAt(url: string, routes: readonly RouteContract[], tokens: typeof forged): Promise<string[]> {
  const accepted = await Promise.all(
    routes.map(async (route) =>
      Object.entries(await statusesAt(url, route, tokens))
        .filter(([, status]) => status !== 401)
        .map(([name, status]) => `${route.method} ${route.path} answered ${status} to ${name}`),
    ),
  )
  return accepted.flat()
}

const services: readonly ServiceName[] = ['auth', 'inventory', 'orders', 'payments', 'notifications']

test.each(services)(
  '%s takes no forged token on any of its routes',
  async (service) => {
    const routes = protectedRoutes.filter((route) => route.service === service)
    expect(routes.length).toBeGreaterThan(1)
    const { url } = system.component(service)
    expect(await acceptedAt(url, routes, forged)).toEqual([])
    // Shows that the others were refused for what is wrong with them.
    const [first] = routes
    const statuses = first === undefined ? {} : await statusesAt(url, first, [['a good one', good]])
    expect(statuses['a good one']).not.toBe(401)
  },
  60_000,
)

test('the gateway takes no forged token on any route', async () => {
  // An API key is no token, and good here: the gateway takes it to auth.
  const tokens = forged.filter(([name]) => name !== 'an API key')
  expect(await acceptedAt(system.gatewayUrl, protectedRoutes, tokens)).toEqual([])
}, 120_000)
