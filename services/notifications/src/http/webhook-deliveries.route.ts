import {
  getWebhookDeliveryRoute,
  listWebhookDeliveriesRoute,
  redeliverWebhookRoute,
  WebhookDeliveryId,
} from '@tradewind/contracts/webhooks'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { ManageWebhooks } from '../use-cases/manage-webhooks.ts'
import type { ReadDeliveries } from '../use-cases/read-deliveries.ts'
import type { RedeliverWebhook } from '../use-cases/redeliver-webhook.ts'
import { presentDelivery } from './present-webhook.ts'

const PlaceInLog = Type.Tuple([Type.String({ format: 'date-time' }), WebhookDeliveryId])

const listDeliveries = (webhooks: ManageWebhooks, deliveries: ReadDeliveries) =>
  implementRoute(listWebhookDeliveriesRoute, async ({ params, query }) => {
    const { id: endpointId } = await webhooks.find(params.id)
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PlaceInLog, query.cursor)
    const found = await deliveries.list({ endpointId, status: query.status, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ createdAt, id }) => [createdAt.toISOString(), id])
    return { status: 200, body: { items: items.map(presentDelivery), nextCursor } }
  })

const getDelivery = (deliveries: ReadDeliveries) =>
  implementRoute(getWebhookDeliveryRoute, async ({ params }) => {
    const delivery = await deliveries.find(params.id, params.deliveryId)
    return { status: 200, body: { ...presentDelivery(delivery), payload: delivery.payload } }
  })

const redeliver = (redeliverWebhook: RedeliverWebhook) =>
  implementRoute(redeliverWebhookRoute, async ({ params }) => ({
    status: 202,
    body: presentDelivery(await redeliverWebhook(params.id, params.deliveryId)),
  }))

interface DeliveryParts {
  readonly webhooks: ManageWebhooks
  readonly deliveries: ReadDeliveries
  readonly redeliver: RedeliverWebhook
}

export const webhookDeliveries = (parts: DeliveryParts): ImplementedRoute[] => [
  listDeliveries(parts.webhooks, parts.deliveries),
  getDelivery(parts.deliveries),
  redeliver(parts.redeliver),
]
