import { randomBytes } from 'node:crypto'
import type { Keyring } from '@tradewind/service-kit/keyring'
import { createSeal } from '@tradewind/service-kit/sealing'
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

/** Sealed under the current key, bound to the endpoint. */
export function createWebhookSecrets(keys: Keyring): WebhookSecrets {
  const { seal, open } = createSeal(keys)
  return {
    create: (endpointId) => {
      const secret = randomBytes(secretBytes)
      return { secret: `whsec_${secret.toString('base64')}`, sealed: seal(endpointId, secret) }
    },
    sign: (endpointId, sealed, { id, timestampSeconds, body }) =>
      sealed.map((one) => signWebhook(open(endpointId, one), id, timestampSeconds, body)).join(' '),
  }
}
