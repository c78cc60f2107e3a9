import { changed, unchanged } from '@tradewind/database/decision'
import {
  claimDelivery,
  isGone,
  isTaken,
  postponeDelivery,
  recordAttempt,
  type WebhookAttempt,
} from '../domain/webhook-delivery.ts'
import { disableEndpoint, noteFailure, noteSuccess } from '../domain/webhook-endpoint.ts'
import type { StoredDelivery, WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'
import type { StoredEndpoint, WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'
import type { SendWebhook } from './send-webhook.ts'
import { deliveryEvents, endpointEvents } from './webhook-events.ts'

/**
 * Takes a delivery that is due, sends it once, and writes down what came of it. Does nothing when somebody else has it.
 * Throws when it cannot be signed.
 */
export type AttemptDelivery = (endpoint: StoredEndpoint, deliveryId: string) => Promise<void>

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly deliveries: WebhookDeliveryRepository
  readonly sendWebhook: SendWebhook
  /** Told when an endpoint was disabled, so that nobody goes on with what is remembered of it. */
  readonly forget: () => void
  readonly disableAfterMs: number
  /** From 0 to 1. */
  readonly chance: () => number
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeAttemptDelivery = (ports: Ports): AttemptDelivery => {
  const { endpoints, deliveries, sendWebhook, forget, disableAfterMs, chance, now, newId } = ports

  async function claim(id: string): Promise<StoredDelivery | undefined> {
    let isMine = false
    const saved = await deliveries.upsert(id, (before) => {
      if (before === undefined) return unchanged()
      const after = claimDelivery(before, now())
      isMine = after !== before
      return isMine ? changed(after) : unchanged()
    })
    return isMine ? saved : undefined
  }

  async function noteHealth(endpoint: StoredEndpoint, attempt: WebhookAttempt): Promise<void> {
    if (isTaken(attempt) && endpoint.failingSince === undefined) return
    await endpoints.upsert(endpoint.id, (before) => {
      if (before === undefined || before.removedAt !== undefined) return unchanged()
      const after = isTaken(attempt)
        ? noteSuccess(before)
        : isGone(attempt)
          ? disableEndpoint(before, 'gone')
          : noteFailure(before, disableAfterMs, now())
      if (after === before) return unchanged()
      return before.active === after.active ? changed(after) : changed(after, ...endpointEvents(after, newId))
    })
    forget()
  }

  return async (endpoint, deliveryId) => {
    if (!endpoint.active) {
      await deliveries.update(deliveryId, (before) => {
        if (claimDelivery(before, now()) === before) return unchanged()
        const after = postponeDelivery(before, now())
        return changed(after, ...deliveryEvents(after, newId))
      })
      return
    }
    const delivery = await claim(deliveryId)
    if (delivery === undefined) return
    const at = now()
    const faults: Error[] = []
    const answer = await sendWebhook(endpoint, delivery.eventId, delivery.payload).catch((error: unknown) => {
      faults.push(new Error(`delivery ${deliveryId} could not be signed`, { cause: error }))
      return { durationMs: 0, error: 'it could not be signed' }
    })
    const attempt = { at, ...answer }
    await deliveries.update(deliveryId, (before) => {
      const after = recordAttempt(before, delivery.claim, attempt, chance(), now())
      return after === before ? unchanged() : changed(after, ...deliveryEvents(after, newId))
    })
    // What went wrong on our side is not the endpoint's fault; it counts as an attempt, so that it comes to an end.
    const [fault] = faults
    if (fault !== undefined) throw fault
    await noteHealth(endpoint, attempt)
  }
}
