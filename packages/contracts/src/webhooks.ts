import { Type } from 'typebox'
import { Id, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineEvent } from './event.ts'
import { ifMatchHeaders } from './notifications.ts'
import { defineRoute } from './route.ts'

export const WebhookEndpointId = Id('whe')
export const WebhookDeliveryId = Id('whd')

/** Endpoints that one system has at most. */
export const maxWebhookEndpoints = 100

/** `orders.order.confirmed.v1`, or all that begins so: `orders.order.*`, `orders.*`, `*`. */
const EventFilter = Type.String({
  pattern: '^(\\*|[a-z]+(\\.[a-z_]+){0,2}\\.\\*|[a-z]+\\.[a-z_]+\\.[a-z_]+\\.v[1-9][0-9]{0,3})$',
  maxLength: 128,
})
const endpointFields = {
  url: Type.String({ pattern: '^https?://[^\\s]+$', maxLength: 2048 }),
  eventTypes: Type.Array(EventFilter, { minItems: 1, maxItems: 50, uniqueItems: true }),
  description: Type.String({ maxLength: 500 }),
  ordered: Type.Boolean({
    description: 'one delivery at a time, in the order of the events; a failing one is waited for',
  }),
  active: Type.Boolean({ description: 'one that is not active is sent nothing, and misses what happens meanwhile' }),
}

export const WebhookEndpoint = Type.Object({
  id: WebhookEndpointId,
  url: Type.String(),
  eventTypes: Type.Array(Type.String()),
  description: Type.String(),
  ordered: Type.Boolean(),
  active: Type.Boolean(),
  disabledBecause: Type.Optional(Type.Enum(['gone', 'failing'])),
  failingSince: Type.Optional(Timestamp),
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
export type WebhookEndpoint = Type.Static<typeof WebhookEndpoint>

const secret = Type.String({ description: 'shown only this once, `whsec_…`' })
const endpointParams = Strict({ id: WebhookEndpointId })

export const createWebhookRoute = defineRoute('notifications', 'POST', '/v1/webhooks', 'webhooks:write', {
  summary: 'Has events sent to an address, signed by the Standard Webhooks specification',
  body: Strict({
    url: endpointFields.url,
    eventTypes: endpointFields.eventTypes,
    description: Type.Optional(endpointFields.description),
    ordered: Type.Optional(endpointFields.ordered),
    active: Type.Optional(endpointFields.active),
  }),
  response: { 201: Type.Object({ ...WebhookEndpoint.properties, secret }) },
})

export const listWebhooksRoute = defineRoute('notifications', 'GET', '/v1/webhooks', 'webhooks:read', {
  summary: 'Webhook endpoints, newest first',
  querystring: Strict(pageQuery),
  response: { 200: Page(WebhookEndpoint) },
})

export const getWebhookRoute = defineRoute('notifications', 'GET', '/v1/webhooks/:id', 'webhooks:read', {
  summary: 'One webhook endpoint',
  params: endpointParams,
  response: { 200: WebhookEndpoint },
})

export const updateWebhookRoute = defineRoute('notifications', 'PATCH', '/v1/webhooks/:id', 'webhooks:write', {
  summary: 'Changes a webhook endpoint; If-Match with its ETag refuses to overwrite somebody else’s change (412)',
  description: '`active: true` puts one to work again that was disabled after failures.',
  params: endpointParams,
  headers: ifMatchHeaders,
  body: Type.Object(
    {
      url: Type.Optional(endpointFields.url),
      eventTypes: Type.Optional(endpointFields.eventTypes),
      description: Type.Optional(endpointFields.description),
      ordered: Type.Optional(endpointFields.ordered),
      active: Type.Optional(endpointFields.active),
    },
    { additionalProperties: false, minProperties: 1 },
  ),
  response: { 200: WebhookEndpoint },
})

export const deleteWebhookRoute = defineRoute('notifications', 'DELETE', '/v1/webhooks/:id', 'webhooks:write', {
  summary: 'Removes a webhook endpoint; what still waits for it is given up',
  params: endpointParams,
  headers: ifMatchHeaders,
  response: { 204: Type.Null() },
})

export const rotateWebhookSecretRoute = defineRoute(
  'notifications',
  'POST',
  '/v1/webhooks/:id/secret',
  'webhooks:write',
  {
    summary: 'Gives a webhook endpoint a new secret; the old one signs beside it for a while',
    params: endpointParams,
    body: Strict({
      overlapHours: Type.Optional(
        Type.Integer({ minimum: 0, maximum: 168, description: 'how long the old secret goes on signing; default 24' }),
      ),
    }),
    response: { 200: Type.Object({ secret, previousExpiresAt: Timestamp }) },
  },
)

const WebhookAttempt = Type.Object({
  at: Timestamp,
  statusCode: Type.Optional(Type.Integer({ description: 'missing when no answer came' })),
  durationMs: Type.Integer(),
  response: Type.Optional(Type.String({ description: 'the first 1 KiB of the answer' })),
  error: Type.Optional(Type.String({ description: 'why no answer came' })),
})
export type WebhookAttempt = Type.Static<typeof WebhookAttempt>

export const testWebhookRoute = defineRoute('notifications', 'POST', '/v1/webhooks/:id/test', 'webhooks:write', {
  summary: 'Sends an event of type `tradewind.test` now and answers with what came of it',
  params: endpointParams,
  response: { 200: Type.Object({ delivered: Type.Boolean(), ...WebhookAttempt.properties }) },
})

export const WebhookDeliveryStatus = Type.Enum(['pending', 'delivered', 'exhausted', 'cancelled'])
export type WebhookDeliveryStatus = Type.Static<typeof WebhookDeliveryStatus>

export const WebhookDelivery = Type.Object({
  id: WebhookDeliveryId,
  endpointId: WebhookEndpointId,
  eventId: Type.String({ description: 'the `webhook-id` of every attempt' }),
  eventType: Type.String(),
  status: WebhookDeliveryStatus,
  attemptCount: Type.Integer(),
  attempts: Type.Array(WebhookAttempt, { description: 'the last 20' }),
  nextAttemptAt: Type.Optional(Timestamp),
  createdAt: Timestamp,
  finishedAt: Type.Optional(Timestamp),
})
export type WebhookDelivery = Type.Static<typeof WebhookDelivery>

export const listWebhookDeliveriesRoute = defineRoute(
  'notifications',
  'GET',
  '/v1/webhooks/:id/deliveries',
  'webhooks:read',
  {
    summary: 'What was sent to a webhook endpoint and what it answered, newest first',
    params: endpointParams,
    querystring: Strict({ ...pageQuery, status: Type.Optional(WebhookDeliveryStatus) }),
    response: { 200: Page(WebhookDelivery) },
  },
)

const deliveryParams = Strict({ id: WebhookEndpointId, deliveryId: WebhookDeliveryId })

export const getWebhookDeliveryRoute = defineRoute(
  'notifications',
  'GET',
  '/v1/webhooks/:id/deliveries/:deliveryId',
  'webhooks:read',
  {
    summary: 'One delivery, with the body that is sent',
    params: deliveryParams,
    response: { 200: Type.Object({ ...WebhookDelivery.properties, payload: Type.String() }) },
  },
)

export const redeliverWebhookRoute = defineRoute(
  'notifications',
  'POST',
  '/v1/webhooks/:id/deliveries/:deliveryId/redeliver',
  'webhooks:write',
  {
    summary: 'Sends a delivery again from now on, for another day when it fails; its `webhook-id` stays',
    params: deliveryParams,
    response: { 202: WebhookDelivery },
  },
)

export const webhookRoutes = [
  createWebhookRoute,
  listWebhooksRoute,
  getWebhookRoute,
  updateWebhookRoute,
  deleteWebhookRoute,
  rotateWebhookSecretRoute,
  testWebhookRoute,
  listWebhookDeliveriesRoute,
  getWebhookDeliveryRoute,
  redeliverWebhookRoute,
]

const ofDelivery = {
  deliveryId: WebhookDeliveryId,
  endpointId: WebhookEndpointId,
  eventId: Type.String(),
  eventType: Type.String(),
  attempts: Type.Integer(),
}

/** An endpoint took an event. */
export const WebhookDeliveredV1 = defineEvent('notifications.webhook.delivered.v1', Type.Object(ofDelivery))
/** An endpoint did not take an event for a whole day, or is gone. */
export const WebhookExhaustedV1 = defineEvent('notifications.webhook.exhausted.v1', Type.Object(ofDelivery))
/** An endpoint is sent nothing any more, until an operator says otherwise. */
export const WebhookDisabledV1 = defineEvent(
  'notifications.webhook.disabled.v1',
  Type.Object({ endpointId: WebhookEndpointId, reason: Type.Enum(['gone', 'failing']) }),
)
