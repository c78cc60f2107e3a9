import { createLocalJWKSet, decodeJwt, errors, jwtVerify } from 'jose'
import type { Client } from '../domain/client.ts'

export interface ClientAssertion {
  readonly jti: string
  readonly expiresAt: Date
}

export interface ClientAssertions {
  /** Who an assertion says it is by; nothing is proved yet. Undefined for what is no assertion. */
  readonly issuerOf: (assertion: string) => string | undefined
  /** Undefined when it does not prove to be by the client. That it is used once is for others to see to. */
  readonly verify: (client: Client, assertion: string) => Promise<ClientAssertion | undefined>
}

/** The longest that an assertion may be good. */
const maxLifetimeSeconds = 300

/** Assertions by which clients prove who they are (RFC 7523, 3): EdDSA, for this server, minutes long, with an id. */
export function createClientAssertions(audiences: readonly string[], now: () => Date): ClientAssertions {
  return {
    issuerOf: (assertion) => {
      try {
        return decodeJwt(assertion).iss
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
    verify: async (client, assertion) => {
      if (client.keys.length === 0) return undefined
      try {
        const { payload } = await jwtVerify(
          assertion,
          createLocalJWKSet({ keys: client.keys.map((key) => ({ ...key })) }),
          {
            algorithms: ['EdDSA'],
            issuer: client.id,
            subject: client.id,
            audience: [...audiences],
            requiredClaims: ['exp', 'jti'],
            currentDate: now(),
          },
        )
        const { exp = 0, jti = '' } = payload
        const isShort = exp * 1000 <= now().getTime() + maxLifetimeSeconds * 1000
        return isShort && jti.length >= 8 && jti.length <= 128 ? { jti, expiresAt: new Date(exp * 1000) } : undefined
      } catch (error) {
        if (error instanceof errors.JOSEError) return undefined
        throw error
      }
    },
  }
}
