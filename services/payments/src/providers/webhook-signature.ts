import { createHmac, timingSafeEqual } from 'node:crypto'

/** How old a signature may be, against replays. */
export const webhookToleranceMs = 5 * 60_000

const macOf = (body: Buffer, secret: string, seconds: number): string =>
  createHmac('sha256', secret).update(`${seconds}.`).update(body).digest('hex')

/** Signs a body as Stripe does: `t=<seconds>,v1=<HMAC-SHA-256 of the seconds, a dot and the body>`. */
export function signWebhook(body: Buffer, secret: string, at: Date): string {
  const seconds = Math.floor(at.getTime() / 1000)
  return `t=${seconds},v1=${macOf(body, secret, seconds)}`
}

const signatureForm = /^t=([0-9]{1,12}),v1=([0-9a-f]{64})$/

/** True when the secret's owner signed this body, at most five minutes ago. */
export function isSigned(body: Buffer, signature: string | undefined, secret: string, now: Date): boolean {
  const [, seconds = '', mac = ''] = signatureForm.exec(signature ?? '') ?? []
  if (mac === '') return false
  if (Math.abs(now.getTime() - Number(seconds) * 1000) > webhookToleranceMs) return false
  return timingSafeEqual(Buffer.from(mac, 'hex'), Buffer.from(macOf(body, secret, Number(seconds)), 'hex'))
}
