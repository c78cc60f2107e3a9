import { changed } from '@tradewind/database/decision'
import { DeliveryNotFound, redeliver } from '../domain/webhook-delivery.ts'
import { requireRevision } from '../domain/webhook-endpoint.ts'
import type { StoredDelivery, WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'
import type { WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'

/** Sends a delivery again from now on. Throws `WebhookNotFound`, `DeliveryNotFound`, `DeliveryCancelled`. */
export type RedeliverWebhook = (endpointId: string, deliveryId: string) => Promise<StoredDelivery>

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly deliveries: WebhookDeliveryRepository
  readonly wake: (endpointId: string) => void
  readonly now: () => Date
}

export const makeRedeliverWebhook =
  ({ endpoints, deliveries, wake, now }: Ports): RedeliverWebhook =>
  async (endpointId, deliveryId) => {
    requireRevision(await endpoints.find(endpointId))
    const saved = await deliveries.upsert(deliveryId, (before) => {
      if (before?.endpointId !== endpointId) throw DeliveryNotFound({ deliveryId })
      return changed(redeliver(before, now()))
    })
    if (saved === undefined) throw DeliveryNotFound({ deliveryId })
    wake(endpointId)
    return saved
  }
