import type { WebhookSecrets } from '../crypto/webhook-secrets.ts'
import { signingSecrets, type WebhookEndpoint } from '../domain/webhook-endpoint.ts'
import type { WebhookAnswer, WebhookSender } from '../webhooks/webhook-sender.ts'

/** Signs a body for an endpoint as of now, and sends it once. */
export type SendWebhook = (endpoint: WebhookEndpoint, eventId: string, body: string) => Promise<WebhookAnswer>

interface Ports {
  readonly sender: WebhookSender
  readonly secrets: WebhookSecrets
  readonly now: () => Date
}

export const makeSendWebhook =
  ({ sender, secrets, now }: Ports): SendWebhook =>
  async (endpoint, eventId, body) => {
    const at = now()
    const timestampSeconds = Math.floor(at.getTime() / 1000)
    const message = { id: eventId, timestampSeconds, body }
    return await sender.send({
      url: endpoint.url,
      body,
      headers: {
        'content-type': 'application/json',
        'user-agent': 'Tradewind-Webhooks/1',
        'accept-encoding': 'identity',
        'webhook-id': eventId,
        'webhook-timestamp': String(timestampSeconds),
        'webhook-signature': secrets.sign(endpoint.id, signingSecrets(endpoint, at), message),
      },
    })
  }
