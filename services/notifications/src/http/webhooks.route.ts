import {
  createWebhookRoute,
  deleteWebhookRoute,
  getWebhookRoute,
  listWebhooksRoute,
  rotateWebhookSecretRoute,
  testWebhookRoute,
  updateWebhookRoute,
  WebhookEndpointId,
} from '@tradewind/contracts/webhooks'
import { expectedVersion } from '@tradewind/service-kit/conditional'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'
import type { ManageWebhooks } from '../use-cases/manage-webhooks.ts'
import type { TestWebhook } from '../use-cases/test-webhook.ts'
import { presentAttempt, presentWebhook } from './present-webhook.ts'
import { revisionEtag } from './revision.ts'

const PlaceInList = Type.Tuple([WebhookEndpointId])
const defaultOverlapHours = 24
/** An answer with a secret is for nobody's cache. */
const noStore = { 'cache-control': 'no-store' }

const createWebhook = (webhooks: ManageWebhooks) =>
  implementRoute(createWebhookRoute, async ({ body }) => {
    const { endpoint, secret } = await webhooks.create({ description: '', ordered: false, active: true, ...body })
    const headers = { ...revisionEtag(endpoint.revision), ...noStore, location: `/v1/webhooks/${endpoint.id}` }
    return { status: 201, body: { ...presentWebhook(endpoint), secret }, headers }
  })

const listWebhooks = (endpoints: WebhookEndpointRepository) =>
  implementRoute(listWebhooksRoute, async ({ query }) => {
    const limit = limitOf(query)
    const [after] = query.cursor === undefined ? [] : decodeCursor(PlaceInList, query.cursor)
    const { items, nextCursor } = pageOf(await endpoints.page(after, limit), limit, ({ id }) => [id])
    return { status: 200, body: { items: items.map(presentWebhook), nextCursor } }
  })

const getWebhook = (webhooks: ManageWebhooks) =>
  implementRoute(getWebhookRoute, async ({ params }) => {
    const endpoint = await webhooks.find(params.id)
    return { status: 200, body: presentWebhook(endpoint), headers: revisionEtag(endpoint.revision) }
  })

const updateWebhook = (webhooks: ManageWebhooks) =>
  implementRoute(updateWebhookRoute, async ({ params, body, headers }) => {
    const endpoint = await webhooks.change(params.id, body, expectedVersion(headers['if-match']))
    return { status: 200, body: presentWebhook(endpoint), headers: revisionEtag(endpoint.revision) }
  })

const deleteWebhook = (webhooks: ManageWebhooks) =>
  implementRoute(deleteWebhookRoute, async ({ params, headers }) => {
    await webhooks.remove(params.id, expectedVersion(headers['if-match']))
    return { status: 204, body: null }
  })

const rotateSecret = (webhooks: ManageWebhooks) =>
  implementRoute(rotateWebhookSecretRoute, async ({ params, body }) => {
    const { secret, previousExpiresAt } = await webhooks.rotate(params.id, body.overlapHours ?? defaultOverlapHours)
    return { status: 200, body: { secret, previousExpiresAt: previousExpiresAt.toISOString() }, headers: noStore }
  })

const testWebhook = (test: TestWebhook) =>
  implementRoute(testWebhookRoute, async ({ params }) => {
    const { delivered, attempt } = await test(params.id)
    return { status: 200, body: { delivered, ...presentAttempt(attempt) } }
  })

interface WebhookParts {
  readonly webhooks: ManageWebhooks
  readonly endpoints: WebhookEndpointRepository
  readonly test: TestWebhook
}

export const webhooks = ({ webhooks: manage, endpoints, test }: WebhookParts): ImplementedRoute[] => [
  createWebhook(manage),
  listWebhooks(endpoints),
  getWebhook(manage),
  updateWebhook(manage),
  deleteWebhook(manage),
  rotateSecret(manage),
  testWebhook(test),
]
