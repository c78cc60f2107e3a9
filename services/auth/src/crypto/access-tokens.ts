import { SignJWT } from 'jose'
import type { SigningKey } from './signing-key.ts'

interface AccessTokenSubject {
  readonly userId: string
  readonly sessionId: string
  readonly roles: readonly string[]
}

export interface AccessTokens {
  readonly lifetimeSeconds: number
  readonly issue: (subject: AccessTokenSubject) => Promise<string>
}

export interface AccessTokenOptions {
  readonly key: SigningKey
  readonly issuer: string
  readonly audience: string
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const lifetimeSeconds = 600

/** Signs access tokens in the profile of RFC 9068. */
export function createAccessTokens({ key, issuer, audience, now, newId }: AccessTokenOptions): AccessTokens {
  return {
    lifetimeSeconds,
    issue: ({ userId, sessionId, roles }) => {
      const issuedAt = Math.floor(now().getTime() / 1000)
      return new SignJWT({ sid: sessionId, roles: [...roles] })
        .setProtectedHeader({ alg: 'EdDSA', typ: 'at+jwt', kid: key.kid })
        .setIssuer(issuer)
        .setAudience(audience)
        .setSubject(userId)
        .setJti(newId('jti'))
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + lifetimeSeconds)
        .sign(key.privateKey)
    },
  }
}
