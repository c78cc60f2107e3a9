import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto'
import type { Keyring } from './keyring.ts'
import { signWebhook } from './webhook-signature.ts'

/** Secrets of webhook endpoints: told once, kept sealed, opened only to sign. */
export interface WebhookSecrets {
  readonly create: (endpointId: string) => { readonly secret: string; readonly sealed: string }
  /**
   * The `webhook-signature` header, one signature per secret. Throws when a secret was sealed with a key that is not
   * configured any more.
   */
  readonly sign: (endpointId: string, sealed: readonly string[], message: WebhookMessage) => string
}

export interface WebhookMessage {
  readonly id: string
  readonly timestampSeconds: number
  readonly body: string
}

/** 192 bits; the specification asks for 24 to 64 bytes. */
const secretBytes = 24
const ivBytes = 12
const tagBytes = 16

/** Seals with AES-256-GCM under the current key, bound to the endpoint: `<key id>.<iv, tag and text in base64url>`. */
export function createWebhookSecrets(keys: Keyring): WebhookSecrets {
  const keyOf = (id: string): Buffer => {
    const key = keys.key(id)
    if (key === undefined) throw new Error(`a webhook secret is sealed with key ${id}, which is not configured`)
    return key
  }
  const seal = (endpointId: string, secret: Buffer): string => {
    const iv = randomBytes(ivBytes)
    const cipher = createCipheriv('aes-256-gcm', keyOf(keys.currentId), iv).setAAD(Buffer.from(endpointId))
    const text = Buffer.concat([cipher.update(secret), cipher.final()])
    return `${keys.currentId}.${Buffer.concat([iv, cipher.getAuthTag(), text]).toString('base64url')}`
  }
  const open = (endpointId: string, sealed: string): Buffer => {
    const [keyId = '', content = ''] = sealed.split('.', 2)
    const bytes = Buffer.from(content, 'base64url')
    const decipher = createDecipheriv('aes-256-gcm', keyOf(keyId), bytes.subarray(0, ivBytes), {
      authTagLength: tagBytes,
    })
      .setAAD(Buffer.from(endpointId))
      .setAuthTag(bytes.subarray(ivBytes, ivBytes + tagBytes))
    return Buffer.concat([decipher.update(bytes.subarray(ivBytes + tagBytes)), decipher.final()])
  }
  return {
    create: (endpointId) => {
      const secret = randomBytes(secretBytes)
      return { secret: `whsec_${secret.toString('base64')}`, sealed: seal(endpointId, secret) }
    },
    sign: (endpointId, sealed, { id, timestampSeconds, body }) =>
      sealed.map((one) => signWebhook(open(endpointId, one), id, timestampSeconds, body)).join(' '),
  }
}
