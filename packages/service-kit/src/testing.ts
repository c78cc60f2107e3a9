import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { readFile, writeFile } from 'node:fs/promises'
import fastifyJwt from '@fastify/jwt'
import { fastify } from 'fastify'
import { SignJWT } from 'jose'
import type { TObject } from 'typebox'
import { authenticate } from './access.ts'
import { configTable } from './config.ts'
import { newId } from './ids.ts'
import { type Caller, createKeySet, createTokenVerifier, type KeySource, type TokenVerifier } from './tokens.ts'

const configSection = /<!-- config -->[\s\S]*<!-- config -->/

/**
 * Holds the table between the two `<!-- config -->` markers of a README equal to the schema.
 * With UPDATE_DOCS=1 in the environment it writes the table instead.
 */
export async function expectConfigTable(readme: string | URL, schema: TObject): Promise<void> {
  const text = await readFile(readme, 'utf8')
  assert.match(text, configSection, 'the README has no configuration table between two <!-- config --> markers')
  const expected = text.replace(configSection, () => `<!-- config -->\n\n${configTable(schema)}\n\n<!-- config -->`)
  if (process.env['UPDATE_DOCS'] === '1') await writeFile(readme, expected)
  else assert.equal(text, expected, 'the configuration table differs from the schema; run the test with UPDATE_DOCS=1')
}

export interface TestTokens {
  readonly issuer: string
  readonly audience: string
  readonly keys: KeySource
  readonly verifier: TokenVerifier
  /** What a JWKS endpoint would answer. */
  readonly jwks: { readonly keys: readonly Readonly<Record<string, string>>[] }
  /** A signed access token, by default of a new customer, valid for ten minutes. */
  readonly accessToken: (options?: {
    userId?: string
    sessionId?: string
    roles?: readonly string[]
    scope?: readonly string[]
  }) => Promise<string>
  /** Value of an Authorization header. */
  readonly bearer: (options?: {
    userId?: string
    roles?: readonly string[]
    scope?: readonly string[]
  }) => Promise<string>
}

/** A key pair of its own with a verifier that trusts it, for HTTP tests of services without auth. */
export function createTestTokens(options: { readonly issuer?: string; readonly audience?: string } = {}): TestTokens {
  const { issuer = 'https://tradewind.local', audience = 'tradewind' } = options
  const { publicKey, privateKey } = generateKeyPairSync('ed25519')
  const kid = newId('key')
  const { x = '' } = publicKey.export({ format: 'jwk' })
  const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x, kid, alg: 'EdDSA', use: 'sig' }] }
  const keys = createKeySet(jwks.keys)
  const accessToken: TestTokens['accessToken'] = ({
    userId = newId('usr'),
    sessionId = newId('ses'),
    roles = ['customer'],
    scope,
  } = {}) =>
    new SignJWT({ sid: sessionId, roles: [...roles], ...(scope !== undefined && { scope: scope.join(' ') }) })
      .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid })
      .setIssuer(issuer)
      .setAudience(audience)
      .setSubject(userId)
      .setJti(newId('jti'))
      .setIssuedAt()
      .setExpirationTime('10m')
      .sign(privateKey)
  return {
    issuer,
    audience,
    keys,
    verifier: createTokenVerifier({ issuer, audience, keys }),
    jwks,
    accessToken,
    bearer: async (claims) => `Bearer ${await accessToken(claims)}`,
  }
}

/** Shows a token to a server with these rules and answers as `authenticate` does, refusals included. */
export async function verifyToken(tokens: TokenVerifier, token: string): Promise<Caller> {
  const app = fastify()
  app.register(fastifyJwt, tokens.jwt)
  const outcome = Promise.withResolvers<Caller>()
  app.get('/', async (request) => {
    await authenticate(tokens, request).then(outcome.resolve, outcome.reject)
    return {}
  })
  await app.inject({ url: '/', headers: { authorization: `Bearer ${token}` } })
  await app.close()
  return await outcome.promise
}
