import { changed, unchanged } from '@tradewind/database/decision'
import { cancelDelivery } from '../domain/webhook-delivery.ts'
import type { WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'
import type { WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'

/** Gives up what waits for endpoints that were removed, and forgets deliveries that ended long ago. Any replica may run it. */
export type SweepWebhooks = () => Promise<void>

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly deliveries: WebhookDeliveryRepository
  readonly retentionMs: number
  readonly now: () => Date
}

const batch = 500

export const makeSweepWebhooks = ({ endpoints, deliveries, retentionMs, now }: Ports): SweepWebhooks => {
  async function giveUp(endpointId: string): Promise<void> {
    const { removedAt } = (await endpoints.find(endpointId)) ?? {}
    for (;;) {
      const waiting = await deliveries.firstPending(endpointId, batch)
      await Promise.all(
        waiting.map(({ id }) =>
          deliveries.update(id, (before) => {
            const after = cancelDelivery(before, now())
            return after === before ? unchanged() : changed(after)
          }),
        ),
      )
      if (waiting.length < batch) break
    }
    // An event that a replica still took for the endpoint is written soon after its removal or never.
    if (removedAt !== undefined && now().getTime() - removedAt.getTime() > retentionMs)
      await endpoints.erase(endpointId)
  }

  return async () => {
    for (const id of await endpoints.removedIds(batch)) await giveUp(id)
    const before = new Date(now().getTime() - retentionMs)
    let erased = batch
    while (erased === batch) erased = await deliveries.eraseFinishedBefore(before, batch)
  }
}
