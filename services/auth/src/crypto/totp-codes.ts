import { randomBytes, timingSafeEqual } from 'node:crypto'
import type { Seal } from '@tradewind/service-kit/sealing'
import { Secret, TOTP } from 'otpauth'

/** Codes of code generators (RFC 6238): SHA-1, six digits, thirty seconds, which is what every app can. */
export interface TotpCodes {
  /** A new secret: sealed for the account, in base32, and as a URI that names issuer and account. */
  readonly create: (userId: string, label: string) => { sealed: string; secret: string; uri: string }
  /** The time steps from one before now to one after it whose code this is. */
  readonly stepsOf: (userId: string, sealedSecret: string, code: string, now: Date) => number[]
}

const periodSeconds = 30
const digits = 6
const window = [0, -1, 1]
/** RFC 4226, 4: at least 128 bits, 160 recommended. */
const secretBytes = 20

export function createTotpCodes({ seal, open }: Seal, issuer: string): TotpCodes {
  const secretOf = (bytes: Buffer) => new Secret({ buffer: new Uint8Array(bytes).buffer })
  const isSame = (one: string, other: string) =>
    one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other))
  return {
    create: (userId, label) => {
      const bytes = randomBytes(secretBytes)
      const secret = secretOf(bytes)
      const uri = new TOTP({ issuer, label, secret, algorithm: 'SHA1', digits, period: periodSeconds }).toString()
      return { sealed: seal(userId, bytes), secret: secret.base32, uri }
    },
    stepsOf: (userId, sealedSecret, code, now) => {
      const secret = secretOf(open(userId, sealedSecret))
      const step = Math.floor(now.getTime() / 1000 / periodSeconds)
      return window
        .map((delta) => step + delta)
        .filter((one) => {
          const timestamp = one * periodSeconds * 1000
          return isSame(TOTP.generate({ secret, algorithm: 'SHA1', digits, period: periodSeconds, timestamp }), code)
        })
    },
  }
}
