import { changed, unchanged } from '@tradewind/database/decision'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import { createDelivery } from '../domain/webhook-delivery.ts'
import { isWanted } from '../domain/webhook-endpoint.ts'
import type { WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'
import type { WebhookDirectory } from './webhook-directory.ts'

export interface PublicEvent {
  readonly id: string
  readonly type: string
  readonly time: Date
  readonly data: unknown
}

/** Writes down one delivery for each endpoint that wants the event. */
export type QueueWebhooks = (event: PublicEvent) => Promise<void>

interface Ports {
  readonly directory: WebhookDirectory
  readonly deliveries: WebhookDeliveryRepository
  /** Told which endpoint has something to be sent. */
  readonly wake: (endpointId: string) => void
  readonly now: () => Date
}

/** An ordered endpoint's events wait so long for those before them that are still on their way. */
export const settleMs = 2000
/** The clocks of the service that wrote an event and of ours may differ by so much. */
const clockDifferenceMs = 60_000

export const deliveryIdOf = (eventId: string, endpointId: string): string =>
  `whd_${fingerprint(`${eventId}/${endpointId}`).slice(0, 32)}`

/** What services tell each other and nobody else: a token that could be charged. */
const withheld: Readonly<Record<string, ReadonlySet<string>>> = {
  'orders.order.reserved.v1': new Set(['paymentMethod']),
}

function publicData({ type, data }: PublicEvent): unknown {
  const fields = withheld[type]
  if (fields === undefined || typeof data !== 'object' || data === null) return data
  return Object.fromEntries(Object.entries(data).filter(([name]) => !fields.has(name)))
}

/** CloudEvents 1.0 in its JSON format. */
export const webhookBody = (event: PublicEvent): string => {
  const { id, type, time } = event
  return JSON.stringify({
    specversion: '1.0',
    id,
    source: `/tradewind/${type.split('.', 1)[0] ?? ''}`,
    type,
    time: time.toISOString(),
    datacontenttype: 'application/json',
    data: publicData(event),
  })
}

/** Since when events are for some endpoint; undefined while there is none. */
export const makeWantedSince = (directory: WebhookDirectory) => async (): Promise<Date | undefined> => {
  const created = (await directory.list()).map(({ createdAt }) => createdAt.getTime())
  return created.length === 0 ? undefined : new Date(Math.min(...created) - clockDifferenceMs)
}

export const makeQueueWebhooks =
  ({ directory, deliveries, wake, now }: Ports): QueueWebhooks =>
  async (event) => {
    const interested = (await directory.list()).filter(
      ({ active, eventTypes, createdAt }) =>
        // What happened before an endpoint was there is not sent to it, also when a broker tells it all again.
        active && isWanted(eventTypes, event.type) && event.time.getTime() >= createdAt.getTime() - clockDifferenceMs,
    )
    if (interested.length === 0) return
    const payload = webhookBody(event)
    await Promise.all(
      interested.map(async ({ id: endpointId, ordered }) => {
        const id = deliveryIdOf(event.id, endpointId)
        const at = now()
        const dueAt = ordered ? new Date(at.getTime() + settleMs) : at
        const delivery = { id, endpointId, eventId: event.id, eventType: event.type, eventTime: event.time, payload }
        await deliveries.upsert(id, (before) =>
          before === undefined ? changed(createDelivery(delivery, at, dueAt)) : unchanged(),
        )
        wake(endpointId)
      }),
    )
  }
