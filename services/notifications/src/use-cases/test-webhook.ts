import { isTaken, type WebhookAttempt } from '../domain/webhook-delivery.ts'
import { requireRevision } from '../domain/webhook-endpoint.ts'
import type { WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'
import { webhookBody } from './queue-webhooks.ts'
import type { SendWebhook } from './send-webhook.ts'

/** Sends an event that means nothing, once, and tells what came of it. Throws `WebhookNotFound`. */
export type TestWebhook = (endpointId: string) => Promise<{ delivered: boolean; attempt: WebhookAttempt }>

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly sendWebhook: SendWebhook
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeTestWebhook =
  ({ endpoints, sendWebhook, now, newId }: Ports): TestWebhook =>
  async (endpointId) => {
    const endpoint = requireRevision(await endpoints.find(endpointId))
    const at = now()
    const event = { id: newId('evt'), type: 'tradewind.test', time: at, data: { endpointId } }
    const attempt = { at, ...(await sendWebhook(endpoint, event.id, webhookBody(event))) }
    return { delivered: isTaken(attempt), attempt }
  }
