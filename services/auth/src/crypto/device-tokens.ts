import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'

/**
 * Says that a device signed in to an account before (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
 * It opens nothing: who shows it only has a budget of guesses of his own, which no stranger can use up.
 */
export interface DeviceTokens {
  readonly create: (normalisedEmail: string) => string
  /** The device's own id, when the token was made for this address; undefined for anything else. */
  readonly deviceOf: (token: string | undefined, normalisedEmail: string) => string | undefined
}

const form = /^([A-Za-z0-9_-]{22})\.([A-Za-z0-9_-]{43})$/

export function createDeviceTokens(key: Buffer): DeviceTokens {
  const sign = (nonce: string, email: string) => createHmac('sha256', key).update(`device/${nonce}/${email}`).digest()
  return {
    create: (email) => {
      const nonce = randomBytes(16).toString('base64url')
      return `${nonce}.${sign(nonce, email).toString('base64url')}`
    },
    deviceOf: (token, email) => {
      const [, nonce, signature] = form.exec(token ?? '') ?? []
      if (nonce === undefined || signature === undefined) return undefined
      const given = Buffer.from(signature, 'base64url')
      const expected = sign(nonce, email)
      return given.length === expected.length && timingSafeEqual(given, expected) ? nonce : undefined
    },
  }
}
