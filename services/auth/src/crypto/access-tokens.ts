import { type KeyObject, sign } from 'node:crypto'
import { type Authentication, levelOf } from '../domain/authentication.ts'
import type { SigningKey } from './signing-key.ts'

export interface AccessTokenSubject {
  /** A user, or a client that is signed in by itself. */
  readonly userId: string
  /** What the token ends with: a session, an API key, a client. */
  readonly sessionId: string
  readonly roles: readonly string[]
  /** How often the subject's access had changed. */
  readonly accessVersion: number
  /** What the token is narrowed to. */
  readonly scope?: readonly string[]
  readonly clientId?: string
  /** When and how the person showed who he is; missing for a key, an app and a machine. */
  readonly authentication?: Authentication
  /** Shorter than usual. */
  readonly lifetimeSeconds?: number
}

export interface AccessTokens {
  readonly lifetimeSeconds: number
  readonly issue: (subject: AccessTokenSubject) => string
}

export interface AccessTokenOptions {
  /** The key that signs at the moment. */
  readonly currentKey: () => SigningKey
  readonly issuer: string
  readonly audience: string
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const usualLifetimeSeconds = 600

/** Signs access tokens in the profile of RFC 9068. */
export function createAccessTokens({ currentKey, issuer, audience, now, newId }: AccessTokenOptions): AccessTokens {
  return {
    lifetimeSeconds: usualLifetimeSeconds,
    issue: (subject) => {
      const { userId, sessionId, roles, accessVersion, scope, clientId, authentication } = subject
      const { lifetimeSeconds = usualLifetimeSeconds } = subject
      const issuedAt = Math.floor(now().getTime() / 1000)
      const { kid, privateKey } = currentKey()
      const claims = {
        sid: sessionId,
        roles: [...roles],
        ...(accessVersion > 0 && { ver: accessVersion }),
        ...(scope !== undefined && { scope: scope.join(' ') }),
        ...(clientId !== undefined && { client_id: clientId }),
        ...(authentication !== undefined && claimsOf(authentication)),
        iss: issuer,
        aud: audience,
        sub: userId,
        jti: newId('jti'),
        iat: issuedAt,
        exp: issuedAt + lifetimeSeconds,
      }
      return signedJwt({ alg: 'EdDSA', typ: 'at+jwt', kid }, claims, privateKey)
    },
  }
}

const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url')

/**
 * RFC 7515, 7.1, with Ed25519 (RFC 8037). On this thread: the thread pool, where web crypto would sign, is busy with
 * passwords, each of which takes a hundred times as long.
 */
function signedJwt(header: object, claims: object, privateKey: KeyObject): string {
  const input = `${encoded(header)}.${encoded(claims)}`
  return `${input}.${sign(null, Buffer.from(input), privateKey).toString('base64url')}`
}

/** RFC 9068, 2.2.1: when, how, and at which level of assurance. */
const claimsOf = (authentication: Authentication) => ({
  auth_time: Math.floor(authentication.at.getTime() / 1000),
  amr: [...authentication.methods],
  acr: levelOf(authentication),
})
