import { DeliveryNotFound } from '../domain/webhook-delivery.ts'
import type { DeliveryQuery, StoredDelivery, WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'

export interface ReadDeliveries {
  /** Newest first, one more than asked for when there are more. */
  readonly list: (query: DeliveryQuery) => Promise<StoredDelivery[]>
  /** Throws `DeliveryNotFound`, also for a delivery to another endpoint. */
  readonly find: (endpointId: string, deliveryId: string) => Promise<StoredDelivery>
}

export const makeReadDeliveries = (deliveries: WebhookDeliveryRepository): ReadDeliveries => ({
  list: deliveries.list,
  find: async (endpointId, deliveryId) => {
    const found = await deliveries.find(deliveryId)
    if (found?.endpointId !== endpointId) throw DeliveryNotFound({ deliveryId })
    return found
  },
})
