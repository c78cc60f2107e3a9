import { createPublicKey, type KeyObject } from 'node:crypto'
import type { FastifyJWTOptions } from '@fastify/jwt'
import { type Permission, permissionsOf } from '@tradewind/contracts/permissions'
import { LRUCache } from 'lru-cache'
import { type Static, Type } from 'typebox'
import { defineError } from './errors.ts'
import { createRevocations, maxTokenLifetimeSeconds, type Revocations, type TokenFacts } from './revocations.ts'
import { compile } from './validation.ts'

export interface Authentication {
  /** In milliseconds. */
  readonly at: number
  /** Names of RFC 8176; `mfa` among them when it took more than one factor. */
  readonly methods: readonly string[]
}

/** Who calls, as the verified access token says. */
export interface Caller {
  readonly userId: string
  readonly sessionId: string
  readonly roles: readonly string[]
  /** What the token is narrowed to, below its roles. Undefined for somebody who signed in. */
  readonly scope: readonly string[] | undefined
  /** When and how somebody last showed who he is; undefined for what no person shows at each use, a key or an app. */
  readonly authentication: Authentication | undefined
  /** What the roles permit, as far as the scope goes. */
  readonly permissions: ReadonlySet<Permission>
}

/** The rules for access tokens, for @fastify/jwt to apply and for `authenticate` to complete. */
export interface TokenVerifier {
  /** Registered with every server: which key, which algorithm, which claims. */
  readonly jwt: FastifyJWTOptions
  /** The bearer of a token that was verified before and has not expired. Throws InvalidToken when it was revoked since. */
  readonly known: (token: string) => Caller | undefined
  /** The bearer of a token whose signature, issuer and audience hold. Throws InvalidToken when other claims do not. */
  readonly accept: (token: string, claims: unknown) => Caller
  /** The time by which it judges, in milliseconds. */
  readonly now: () => number
}

/** Public Ed25519 keys by key id. */
export interface KeySource {
  readonly publicKey: (kid: string) => Promise<KeyObject | undefined>
}

export interface JwksSource extends KeySource {
  /** Fetches the keys unless some are known. Throws KeysUnavailable. */
  readonly load: () => Promise<void>
}

export const InvalidToken = defineError('INVALID_TOKEN', 'unauthenticated', 'The access token is not valid.')
export const KeysUnavailable = defineError(
  'TOKEN_KEYS_UNAVAILABLE',
  'unavailable',
  'Access tokens cannot be checked at the moment.',
)

const Jwk = Type.Object({
  kty: Type.Literal('OKP'),
  crv: Type.Literal('Ed25519'),
  x: Type.String({ pattern: '^[A-Za-z0-9_-]{43}$' }),
  kid: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
})
export type Jwk = Static<typeof Jwk>
const isJwk = compile<Jwk>(Jwk)

const Jwks = Type.Object({ keys: Type.Array(Type.Unknown(), { maxItems: 100 }) })
const isJwks = compile<Static<typeof Jwks>>(Jwks)

/** Keys of other types are left out: only Ed25519 is ever used. */
const keysById = (keys: readonly unknown[]): Map<string, KeyObject> =>
  new Map(
    keys
      .filter((key) => isJwk(key))
      .map((key) => [key.kid, createPublicKey({ key: { kty: key.kty, crv: key.crv, x: key.x }, format: 'jwk' })]),
  )

/** A fixed set of keys, for the service that owns them and for tests. */
export function createKeySet(keys: readonly unknown[]): KeySource {
  const known = keysById(keys)
  return { publicKey: (kid) => Promise.resolve(known.get(kid)) }
}

export interface JwksOptions {
  readonly fetch?: typeof fetch
  readonly now?: () => number
  /** Told when keys could not be fetched while known ones go on serving. */
  readonly onError?: (error: unknown) => void
}

const minIntervalMs = 30_000
const minIntervalBeforeFirstKeysMs = 1_000
const maxAgeMs = 300_000
const fetchTimeoutMs = 3_000

/**
 * The keys published at a JWKS URL (RFC 7517), cached.
 * An unknown key id causes at most one fetch per 30 seconds, however many tokens name one;
 * known keys go on serving while the URL cannot be reached, and are renewed every five minutes in the background.
 */
export function createJwksSource(url: string, options: JwksOptions = {}): JwksSource {
  const { fetch: get = fetch, now = Date.now, onError = () => undefined } = options
  let keys: Map<string, KeyObject> | undefined
  let fetchedAt = Number.NEGATIVE_INFINITY
  let triedAt = Number.NEGATIVE_INFINITY
  let running: Promise<void> | undefined

  const fetchKeys = async () => {
    const response = await get(url, { signal: AbortSignal.timeout(fetchTimeoutMs), redirect: 'error' })
    if (!response.ok) throw new Error(`${url} answered ${response.status}`)
    const body: unknown = await response.json()
    if (!isJwks(body)) throw new Error(`${url} did not answer with a key set`)
    keys = keysById(body.keys)
    fetchedAt = now()
  }
  const refresh = (): Promise<void> => {
    triedAt = now()
    running ??= fetchKeys().finally(() => {
      running = undefined
    })
    return running
  }
  const mayFetch = () => now() - triedAt >= (keys === undefined ? minIntervalBeforeFirstKeysMs : minIntervalMs)

  const load = async () => {
    if (keys !== undefined) return
    if (running === undefined && !mayFetch()) throw KeysUnavailable()
    try {
      await (running ?? refresh())
    } catch (cause) {
      throw KeysUnavailable({}, { cause })
    }
  }

  const publicKey = async (kid: string): Promise<KeyObject | undefined> => {
    await load()
    const known = keys?.get(kid)
    if (known !== undefined) {
      if (now() - fetchedAt >= maxAgeMs && running === undefined && mayFetch()) refresh().catch(onError)
      return known
    }
    if (running === undefined && !mayFetch()) return undefined
    try {
      await (running ?? refresh())
    } catch (error) {
      onError(error)
    }
    return keys?.get(kid)
  }

  return { load, publicKey }
}

const Header = Type.Object({
  alg: Type.Literal('EdDSA'),
  kid: Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$' }),
  typ: Type.String(),
})
const isHeader = compile<Static<typeof Header>>(Header)
/** Headers that would let a token bring its own key or demand an extension; nobody who signs for us sends them. */
const refusedHeaders = ['jku', 'jwk', 'x5u', 'x5c', 'crit']

const Claims = Type.Object({
  sub: Type.String({ minLength: 1, maxLength: 64 }),
  sid: Type.String({ minLength: 1, maxLength: 64 }),
  roles: Type.Array(Type.String({ maxLength: 64 }), { maxItems: 20 }),
  /** RFC 8693, 4.2: names separated by spaces. */
  scope: Type.Optional(Type.String({ maxLength: 2048 })),
  /** How often the subject's roles or scope had changed. */
  ver: Type.Optional(Type.Integer({ minimum: 0 })),
  /** When and how somebody showed who he is (RFC 9068, 2.2.1). */
  auth_time: Type.Optional(Type.Integer({ minimum: 0 })),
  amr: Type.Optional(Type.Array(Type.String({ maxLength: 16 }), { maxItems: 8 })),
  exp: Type.Integer(),
  iat: Type.Integer(),
})
const isClaims = compile<Static<typeof Claims>>(Claims)

const maxCachedTokens = 10_000
const maxIssuedAheadMs = 60_000

interface Verified {
  readonly caller: Caller
  readonly facts: TokenFacts
  readonly expiresAt: number
}

export interface TokenVerifierOptions {
  readonly issuer: string
  readonly audience: string
  readonly keys: KeySource
  /** Tokens that are worth nothing any more; none by default. */
  readonly revocations?: Revocations
  readonly now?: () => number
}

/**
 * Rules for access tokens (RFC 9068 profile): EdDSA only, header type `at+jwt`, and issuer, audience, subject, session,
 * roles, expiry and issue time all required: with allowed issuer and audience alone, a token that has neither would pass.
 * A verified token is remembered until it expires, here rather than in the library, which would also remember refused
 * ones and let them push out good ones.
 */
export function createTokenVerifier({
  issuer,
  audience,
  keys,
  revocations = createRevocations(),
  now = Date.now,
}: TokenVerifierOptions): TokenVerifier {
  const verified = new LRUCache<string, Verified>({ max: maxCachedTokens })
  return {
    now,
    jwt: {
      secret: async (_request: unknown, decoded: unknown) => {
        const kid = keyIdOf(decoded)
        if (revocations.isWithdrawn(kid)) throw InvalidToken({ reason: 'withdrawn key' })
        const key = await keys.publicKey(kid)
        if (key === undefined) throw InvalidToken({ reason: 'unknown key' })
        return key.export({ type: 'spki', format: 'pem' })
      },
      decode: { complete: true },
      verify: {
        algorithms: ['EdDSA'],
        checkTyp: 'at+jwt',
        allowedIss: issuer,
        allowedAud: audience,
        requiredClaims: ['iss', 'aud', 'sub', 'sid', 'exp', 'iat', 'roles'],
        // Checked in `accept`, against the clock that was given.
        ignoreExpiration: true,
      },
    },
    known: (token) => {
      const found = verified.get(token)
      if (found === undefined || found.expiresAt <= now()) return undefined
      if (revocations.covers(found.facts)) throw InvalidToken({ reason: 'revoked' })
      return found.caller
    },
    accept: (token, claims) => {
      if (!isClaims(claims)) throw InvalidToken({ reason: 'claims' })
      if (claims.exp * 1000 <= now()) throw InvalidToken({ reason: 'expired' })
      if (claims.iat * 1000 > now() + maxIssuedAheadMs) throw InvalidToken({ reason: 'issued in the future' })
      if (claims.exp - claims.iat > maxTokenLifetimeSeconds) throw InvalidToken({ reason: 'lives too long' })
      const { sub, sid, roles } = claims
      const facts = {
        userId: sub,
        sessionId: sid,
        accessVersion: claims.ver ?? 0,
        issuedAt: claims.iat * 1000,
        kid: kidIn(token),
      }
      if (revocations.covers(facts)) throw InvalidToken({ reason: 'revoked' })
      const scope = claims.scope?.split(' ')
      const caller: Caller = {
        userId: sub,
        sessionId: sid,
        roles,
        scope,
        authentication: authenticationIn(claims),
        permissions: permissionsOf(roles, scope),
      }
      verified.set(token, { caller, facts, expiresAt: claims.exp * 1000 })
      return caller
    },
  }
}

const authenticationIn = ({ auth_time: at, amr }: Static<typeof Claims>): Authentication | undefined =>
  at === undefined ? undefined : { at: at * 1000, methods: amr ?? [] }

/** The key that a verified token names, for when it is withdrawn later. */
function kidIn(token: string): string {
  const header: unknown = JSON.parse(Buffer.from(token.split('.', 1)[0] ?? '', 'base64url').toString())
  if (!isHeader(header)) throw InvalidToken({ reason: 'header' })
  return header.kid
}

function keyIdOf(decoded: unknown): string {
  const header: unknown =
    typeof decoded === 'object' && decoded !== null && 'header' in decoded ? decoded.header : undefined
  if (!isHeader(header) || refusedHeaders.some((name) => name in header)) throw InvalidToken({ reason: 'header' })
  return header.kid
}
