import type { DomainEvent } from '@tradewind/contracts/event'
import { WebhookDeliveredV1, WebhookDisabledV1, WebhookExhaustedV1 } from '@tradewind/contracts/webhooks'
import type { WebhookDelivery } from '../domain/webhook-delivery.ts'
import type { WebhookEndpoint } from '../domain/webhook-endpoint.ts'

type NewId = (prefix: string) => string

/** What is said of a delivery when it comes to its end. One that was given up with its endpoint is not spoken of. */
export function deliveryEvents(delivery: WebhookDelivery, newId: NewId): DomainEvent[] {
  const { id: deliveryId, endpointId, eventId, eventType, attemptCount: attempts, status } = delivery
  const facts = { deliveryId, endpointId, eventId, eventType, attempts }
  switch (status) {
    case 'delivered':
      return [WebhookDeliveredV1.create(newId('evt'), facts)]
    case 'exhausted':
      return [WebhookExhaustedV1.create(newId('evt'), facts)]
    case 'pending':
    case 'cancelled':
      return []
  }
}

/** What is said of an endpoint that is sent nothing any more. */
export const endpointEvents = ({ id: endpointId, active, disabledBecause: reason }: WebhookEndpoint, newId: NewId) =>
  active || reason === undefined ? [] : [WebhookDisabledV1.create(newId('evt'), { endpointId, reason })]
