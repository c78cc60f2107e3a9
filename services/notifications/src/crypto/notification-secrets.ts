import { createKeyring } from '@tradewind/service-kit/keyring'
import { createUnsubscribeTokens, type UnsubscribeTokens } from './unsubscribe-tokens.ts'
import { createWebhookSecrets, type WebhookSecrets } from './webhook-secrets.ts'
import { isSignedBy, type SignedMessage } from './webhook-signature.ts'

export interface NotificationSecrets {
  readonly tokens: UnsubscribeTokens
  readonly secrets: WebhookSecrets
  /** False for every report while no secret for them is configured. */
  readonly isAuthenticReport: (message: SignedMessage) => boolean
}

interface Options {
  readonly keys: string
  readonly bounceSecret: string | undefined
  readonly now: () => Date
}

export const createNotificationSecrets = ({ keys, bounceSecret, now }: Options): NotificationSecrets => ({
  tokens: createUnsubscribeTokens(createKeyring(keys, 'tradewind notifications unsubscribe')),
  secrets: createWebhookSecrets(createKeyring(keys, 'tradewind notifications webhook secrets')),
  isAuthenticReport: (message) => bounceSecret !== undefined && isSignedBy(bounceSecret, message, now()),
})
