import type { WebhookAttempt, WebhookDelivery, WebhookEndpoint } from '@tradewind/contracts/webhooks'
import type { WebhookAttempt as Attempt } from '../domain/webhook-delivery.ts'
import type { StoredDelivery } from '../store/webhook-delivery.repository.ts'
import type { StoredEndpoint } from '../store/webhook-endpoint.repository.ts'

export function presentWebhook(endpoint: StoredEndpoint): WebhookEndpoint {
  const { id, url, eventTypes, description, ordered, active, disabledBecause, failingSince } = endpoint
  return {
    id,
    url,
    eventTypes: [...eventTypes],
    description,
    ordered,
    active,
    ...(disabledBecause !== undefined && { disabledBecause }),
    ...(failingSince !== undefined && { failingSince: failingSince.toISOString() }),
    createdAt: endpoint.createdAt.toISOString(),
    updatedAt: endpoint.updatedAt.toISOString(),
  }
}

export const presentAttempt = ({ at, ...rest }: Attempt): WebhookAttempt => ({ at: at.toISOString(), ...rest })

export function presentDelivery(delivery: StoredDelivery): WebhookDelivery {
  const { id, endpointId, eventId, eventType, status, attemptCount, attempts, dueAt, finishedAt } = delivery
  return {
    id,
    endpointId,
    eventId,
    eventType,
    status,
    attemptCount,
    attempts: attempts.map(presentAttempt),
    ...(dueAt !== undefined && { nextAttemptAt: dueAt.toISOString() }),
    createdAt: delivery.createdAt.toISOString(),
    ...(finishedAt !== undefined && { finishedAt: finishedAt.toISOString() }),
  }
}
