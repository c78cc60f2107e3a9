import type { EventHandler } from '@tradewind/messaging/consumer'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { WebhookSecrets } from './crypto/webhook-secrets.ts'
import { onPublicEvent } from './events/on-public-event.ts'
import { webhookDeliveries } from './http/webhook-deliveries.route.ts'
import { webhooks as webhookRoutes } from './http/webhooks.route.ts'
import type { WebhookDeliveryRepository } from './store/webhook-delivery.repository.ts'
import type { WebhookEndpointRepository } from './store/webhook-endpoint.repository.ts'
import type { WebhookLanes } from './store/webhook-lanes.ts'
import { makeAttemptDelivery } from './use-cases/attempt-delivery.ts'
import { type DeliverWebhooks, makeDeliverWebhooks } from './use-cases/deliver-webhooks.ts'
import { makeManageWebhooks } from './use-cases/manage-webhooks.ts'
import { makeQueueWebhooks, makeWantedSince } from './use-cases/queue-webhooks.ts'
import { makeReadDeliveries } from './use-cases/read-deliveries.ts'
import { makeRedeliverWebhook } from './use-cases/redeliver-webhook.ts'
import { makeSendWebhook } from './use-cases/send-webhook.ts'
import { makeSweepWebhooks, type SweepWebhooks } from './use-cases/sweep-webhooks.ts'
import { makeTestWebhook } from './use-cases/test-webhook.ts'
import { makeWebhookDirectory } from './use-cases/webhook-directory.ts'
import type { WebhookSender } from './webhooks/webhook-sender.ts'

export interface WebhookPorts {
  readonly endpoints: WebhookEndpointRepository
  readonly deliveries: WebhookDeliveryRepository
  readonly lanes: WebhookLanes
  readonly sender: WebhookSender
  readonly secrets: WebhookSecrets
  readonly disableAfterMs: number
  readonly retentionMs: number
  /** From 0 to 1. */
  readonly chance: () => number
  readonly onDeliveryError: (error: unknown, endpointId: string) => void
}

interface CommonPorts {
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export interface WebhooksApp {
  readonly routes: ImplementedRoute[]
  readonly onPublicEvents: EventHandler[]
  readonly wantedSince: () => Promise<Date | undefined>
  readonly deliver: DeliverWebhooks
  readonly sweep: SweepWebhooks
}

/** Wires what sends events to other systems; no I/O happens here. */
export function createWebhooks(given: WebhookPorts & CommonPorts): WebhooksApp {
  const directory = makeWebhookDirectory(given)
  const ports = {
    ...given,
    directory,
    forget: directory.forget,
    sendWebhook: makeSendWebhook(given),
    onError: given.onDeliveryError,
  }
  const deliver = makeDeliverWebhooks({ ...ports, attempt: makeAttemptDelivery(ports) })
  const waking = { ...ports, wake: deliver.wake }
  const webhooks = makeManageWebhooks(ports)
  return {
    routes: [
      ...webhookRoutes({ webhooks, endpoints: ports.endpoints, test: makeTestWebhook(ports) }),
      ...webhookDeliveries({
        webhooks,
        deliveries: makeReadDeliveries(ports.deliveries),
        redeliver: makeRedeliverWebhook(waking),
      }),
    ],
    onPublicEvents: onPublicEvent(makeQueueWebhooks(waking)),
    wantedSince: makeWantedSince(directory),
    deliver,
    sweep: makeSweepWebhooks(ports),
  }
}
