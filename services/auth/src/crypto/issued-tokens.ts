import { createLocalJWKSet, errors, jwtVerify } from 'jose'
import { type Static, Type } from 'typebox'
import { Check } from 'typebox/value'
import type { SigningKey } from './signing-key.ts'

/** What an access token of ours says. */
export interface TokenClaims {
  readonly userId: string
  readonly sessionId: string
  readonly accessVersion: number
  readonly scope: readonly string[] | undefined
  readonly clientId: string | undefined
  readonly issuedAt: Date
  readonly expiresAt: Date
}

export interface IssuedTokens {
  /** Undefined for what is no access token of ours, or has expired. */
  readonly read: (token: string) => Promise<TokenClaims | undefined>
}

interface Options {
  readonly publishedKeys: () => readonly SigningKey[]
  readonly issuer: string
  readonly audience: string
  readonly now: () => Date
}

const Claims = Type.Object({
  sub: Type.String(),
  sid: Type.String(),
  ver: Type.Optional(Type.Integer()),
  scope: Type.Optional(Type.String()),
  client_id: Type.Optional(Type.String()),
  iat: Type.Integer(),
  exp: Type.Integer(),
})

export const createIssuedTokens = ({ publishedKeys, issuer, audience, now }: Options): IssuedTokens => ({
  read: async (token) => {
    try {
      const keys = createLocalJWKSet({ keys: publishedKeys().map(({ jwk }) => ({ ...jwk })) })
      const { payload } = await jwtVerify(token, keys, {
        algorithms: ['EdDSA'],
        typ: 'at+jwt',
        issuer,
        audience,
        currentDate: now(),
      })
      return Check(Claims, payload) ? claimsOf(payload) : undefined
    } catch (error) {
      if (error instanceof errors.JOSEError) return undefined
      throw error
    }
  },
})

const claimsOf = ({ sub, sid, ver = 0, scope, client_id, iat, exp }: Static<typeof Claims>): TokenClaims => ({
  userId: sub,
  sessionId: sid,
  accessVersion: ver,
  scope: scope?.split(' '),
  clientId: client_id,
  issuedAt: new Date(iat * 1000),
  expiresAt: new Date(exp * 1000),
})
