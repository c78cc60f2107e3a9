import { createHmac, timingSafeEqual } from 'node:crypto'

/** Older or newer than this by our clock, a message is refused: it may be a recording. */
const toleranceSeconds = 5 * 60

/** A signature by the Standard Webhooks specification: `v1,` and the HMAC-SHA256 of id, timestamp and body. */
export function signWebhook(key: Buffer, id: string, timestampSeconds: number, body: string | Buffer): string {
  const mac = createHmac('sha256', key).update(`${id}.${timestampSeconds}.`).update(body).digest('base64')
  return `v1,${mac}`
}

export interface SignedMessage {
  readonly id: string
  readonly timestamp: string
  /** One or more signatures, separated by spaces. */
  readonly signature: string
  readonly body: Buffer
}

/** True when one of the signatures is by this secret (`whsec_…`) and the message is fresh. */
export function isSignedBy(secret: string, message: SignedMessage, now: Date): boolean {
  const timestampSeconds = Number(message.timestamp)
  if (Math.abs(now.getTime() / 1000 - timestampSeconds) > toleranceSeconds) return false
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const expected = Buffer.from(signWebhook(key, message.id, timestampSeconds, message.body))
  return message.signature.split(' ').some((given) => {
    const bytes = Buffer.from(given)
    return bytes.length === expected.length && timingSafeEqual(bytes, expected)
  })
}
