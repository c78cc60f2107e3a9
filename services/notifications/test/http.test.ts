import { notificationsRoutes } from '@tradewind/contracts/notifications'
import { permissionFor, type RouteContract } from '@tradewind/contracts/route'
import { webhookRoutes } from '@tradewind/contracts/webhooks'
import { newId } from '@tradewind/service-kit/ids'
import { badBodies, badPages, expectRefusal, forgedCursors } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import type { Document, Sort } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { confirmed, newEnding } from './order-events.ts'

let backends: Backends
let notifications: NotificationsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  notifications = await startNotifications({ ...backends, database: backends.databaseName('notifications') })
})
afterAll(async () => {
  await notifications.stop()
  await backends.stop()
})

const as = { roles: ['operator'] }

const withKey = () => ({ 'idempotency-key': newId('key') })
const unknownWebhook = () => `/v1/webhooks/${newId('whe')}`
const unknownDelivery = () => `${unknownWebhook()}/deliveries/${newId('whd')}`
const goodWebhook = { url: 'https://hooks.example/', eventTypes: ['orders.*'] }
const goodWords = { subject: 'S', text: 'T', html: '<p>H</p>' }
const goodPreferences = { locale: 'de', optOuts: ['shipping'] }
const template = '/v1/notifications/templates/order-confirmed/en'

/** Every route of the contract: a request that it takes. */
const routes: Record<string, { url: () => string; body?: object; headers?: () => Record<string, string> }> = {
  'GET /v1/notifications/:id': { url: () => `/v1/notifications/${newId('ntf')}` },
  'GET /v1/notifications': { url: () => '/v1/notifications' },
  'POST /v1/notifications/:id/resend': { url: () => `/v1/notifications/${newId('ntf')}/resend`, headers: withKey },
  'GET /v1/notifications/preferences': { url: () => '/v1/notifications/preferences' },
  'PUT /v1/notifications/preferences': { url: () => '/v1/notifications/preferences', body: goodPreferences },
  'GET /v1/notifications/unsubscribe': { url: () => '/v1/notifications/unsubscribe?token=x' },
  'POST /v1/notifications/unsubscribe': { url: () => '/v1/notifications/unsubscribe?token=x' },
  'POST /v1/notifications/bounces': { url: () => '/v1/notifications/bounces' },
  'GET /v1/notifications/templates': { url: () => '/v1/notifications/templates' },
  'GET /v1/notifications/templates/:template/:locale': { url: () => template },
  'GET /v1/notifications/templates/:template/:locale/versions/:version': { url: () => `${template}/versions/0` },
  'PUT /v1/notifications/templates/:template/:locale': { url: () => template, body: goodWords },
  'POST /v1/notifications/templates/:template/:locale/preview': { url: () => `${template}/preview`, body: {} },
  'POST /v1/webhooks': { url: () => '/v1/webhooks', body: goodWebhook },
  'GET /v1/webhooks': { url: () => '/v1/webhooks' },
  'GET /v1/webhooks/:id': { url: unknownWebhook },
  'PATCH /v1/webhooks/:id': { url: unknownWebhook, body: { description: 'x' } },
  'DELETE /v1/webhooks/:id': { url: unknownWebhook },
  'POST /v1/webhooks/:id/secret': { url: () => `${unknownWebhook()}/secret`, body: {} },
  'POST /v1/webhooks/:id/test': { url: () => `${unknownWebhook()}/test` },
  'GET /v1/webhooks/:id/deliveries': { url: () => `${unknownWebhook()}/deliveries` },
  'GET /v1/webhooks/:id/deliveries/:deliveryId': { url: unknownDelivery },
  'POST /v1/webhooks/:id/deliveries/:deliveryId/redeliver': { url: () => `${unknownDelivery()}/redeliver` },
}

const contracts: readonly RouteContract[] = [...notificationsRoutes, ...webhookRoutes]

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const all = contracts.map((route) => [nameOf(route), route] as const)
  const requestOf = (name: string) => {
    const { url = () => '', body, headers = () => ({}) } = routes[name] ?? {}
    return { url: url(), request: { headers: headers(), ...(body !== undefined && { body }) } }
  }

  test('is answered by the service and named in these tests', () => {
    const declared = contracts.map(nameOf).toSorted()
    expect(notifications.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(all.filter(([, { access }]) => access !== 'public'))(
    '%s wants a token',
    async (name, { method, access }) => {
      const { url, request } = requestOf(name)
      await expectRefusal(notifications, [method, url, request], 401, 'UNAUTHENTICATED')
      const forged = { ...request, headers: { ...request.headers, authorization: 'Bearer e30.e30.e30' } }
      await expectRefusal(notifications, [method, url, forged], 401, 'INVALID_TOKEN')
      if (permissionFor(access) !== undefined)
        await expectRefusal(notifications, [method, url, { ...request, as: {} }], 403, 'FORBIDDEN')
    },
  )

  test.each(all)('%s refuses a query that it does not know', async (name, { method }) => {
    const { url, request } = requestOf(name)
    for (const key of ['a[$ne]', '$where', '__proto__', 'to']) {
      const address = `${url}${url.includes('?') ? '&' : '?'}${key}=1`
      const pointers = await expectRefusal(notifications, [method, address, { ...request, as }], 400, 'INVALID_INPUT')
      expect(pointers).toContain(`/query/${key}`)
    }
  })

  test.each(all.filter(([, { path }]) => path.startsWith('/v1/webhooks/:id')))(
    '%s says that there is no such webhook or delivery',
    async (name, { method }) => {
      const { url, request } = requestOf(name)
      expect((await notifications.request(method, url, { ...request, as })).status).toBe(404)
    },
  )

  const bodies = {
    'POST /v1/webhooks': badBodies(goodWebhook, { url: 'text', eventTypes: 'list' }, ['url', 'eventTypes']),
    'PUT /v1/notifications/templates/:template/:locale': badBodies(
      goodWords,
      { subject: 'text', text: 'text', html: 'text' },
      ['subject', 'text', 'html'],
    ),
  }
  const bad = Object.entries(bodies).flatMap(([name, cases]) => cases.map((one) => [name, one.name, one] as const))
  test.each([
    ...bad,
    ...[
      '',
      'orders',
      'orders.**',
      '*.order',
      'orders.order.confirmed',
      'orders.order.confirmed.v0',
      'Orders.*',
      '$*',
    ].map(
      (filter) =>
        [
          'POST /v1/webhooks',
          `the filter ${filter}`,
          { body: { ...goodWebhook, eventTypes: [filter] }, pointer: '/eventTypes/0' },
        ] as const,
    ),
    ['POST /v1/webhooks', 'no URL', { body: { ...goodWebhook, url: 'file:///etc/passwd' }, pointer: '/url' }] as const,
  ])('%s refuses %s', async (name, _what, { body, pointer }) => {
    const { url } = requestOf(name)
    const [method] = contracts.filter((route) => nameOf(route) === name).map((route) => route.method)
    const pointers = await expectRefusal(notifications, [method ?? 'POST', url, { as, body }], 400, 'INVALID_INPUT')
    expect(pointers).toEqual([pointer])
  })

  test('refuses an id that is none', async () => {
    for (const id of ['1', 'ntf_1', newId('ord'), '%24where', '__proto__', '[object%20Object]']) {
      const pointers = await expectRefusal(
        notifications,
        ['GET', `/v1/notifications/${id}`, { as }],
        400,
        'INVALID_INPUT',
      )
      expect(pointers).toEqual(['/params/id'])
    }
    for (const id of ['1', '', newId('ntf'), '%24where']) {
      const url = `/v1/notifications?orderId=${id}`
      expect(await expectRefusal(notifications, ['GET', url, { as }], 400, 'INVALID_INPUT')).toEqual(['/query/orderId'])
    }
  })

  test.each(badPages)('refuses a page with %s', async (query, pointer) => {
    const url = `/v1/notifications?${query}`
    expect(await expectRefusal(notifications, ['GET', url, { as }], 400, 'INVALID_INPUT')).toContain(pointer)
  })

  test('refuses a cursor that no page gave', async () => {
    const dates = ['yesterday', '2026-13-45T99:99:99Z', '', '2026'].map((date) => [date, newId('ntf')])
    const forged = dates.map((place) => Buffer.from(JSON.stringify(place)).toString('base64url'))
    for (const cursor of [...forgedCursors, ...forged]) {
      const url = `/v1/notifications?cursor=${cursor}`
      expect(await expectRefusal(notifications, ['GET', url, { as }], 400, 'INVALID_CURSOR')).toEqual(['/query/cursor'])
    }
  })

  test('says that there is no such notification', async () => {
    await expectRefusal(
      notifications,
      ['GET', `/v1/notifications/${newId('ntf')}`, { as }],
      404,
      'NOTIFICATIONS_NOT_FOUND',
    )
  })
})

describe('notifications', () => {
  const read = async (url: string) => {
    const answer = await notifications.request('GET', url, { as })
    expect(answer.status).toBe(200)
    const page: { items: { id: string; orderId: string }[]; nextCursor: string | null } = JSON.parse(
      JSON.stringify(answer.body),
    )
    return { ...page, body: answer.body }
  }
  const told = async () => {
    const ending = newEnding(notifications)
    await notifications.deliver(confirmed(ending))
    return ending.orderId
  }

  test('are shown as they were written', async () => {
    const orderId = await told()
    const { items } = await read(`/v1/notifications?orderId=${orderId}`)
    const expected = {
      id: expect.stringMatching(/^ntf_[0-9a-f]{32}$/),
      orderId,
      template: 'order-confirmed',
      channel: 'email',
      to: 'order@example.org',
      subject: 'Your order TW-1000001 is confirmed',
      text: expect.stringContaining('2 × Mug, Blue: €25.00'),
      html: expect.stringContaining('<li>2 × Mug, Blue: €25.00</li>'),
      locale: 'en',
      templateVersion: 0,
      status: 'sent',
      createdAt: expect.any(String),
      sentAt: expect.any(String),
    }
    expect(items).toEqual([expected])
    expect((await read(`/v1/notifications/${items[0]?.id}`)).body).toEqual(expected)
  })

  test('are listed newest first, page by page, each once while others come, also those of one moment', async () => {
    const orders: string[] = []
    for (let count = 0; count < 6; count += 1) {
      if (count % 2 === 0) notifications.clock.now = new Date(notifications.clock.now.getTime() + 1)
      orders.push(await told())
    }
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null && found.length < 6) {
      const { items, nextCursor } = await read(`/v1/notifications?limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...items.map(({ orderId }) => orderId))
      notifications.clock.now = new Date(notifications.clock.now.getTime() + 1)
      await told()
      cursor = nextCursor
    }
    expect(found).toHaveLength(6)
    expect(new Set(found)).toEqual(new Set(orders))
    const moments = found.map((orderId) => Math.floor(orders.indexOf(orderId) / 2))
    expect(moments).toEqual([2, 2, 1, 1, 0, 0])
  })
})

describe('lists', () => {
  const stagesOf = (plan: unknown): string[] =>
    typeof plan !== 'object' || plan === null
      ? []
      : Object.entries(plan).flatMap(([key, value]: [string, unknown]) =>
          key === 'stage' ? [String(value)] : stagesOf(value),
        )
  const at = new Date()
  const after = { $or: [{ createdAt: { $lt: at } }, { createdAt: at, _id: { $lt: 'x' } }] }
  const newest = { createdAt: -1, _id: -1 } as const
  const endpointId = newId('whe')

  const queries: readonly (readonly [collection: string, filter: Document, sort: Sort])[] = [
    ['notifications', {}, newest],
    ['notifications', { $and: [{ status: 'bounced' }, after] }, newest],
    ['notifications', { orderId: newId('ord') }, newest],
    ['notifications', { dueAt: { $lte: at } }, { dueAt: 1 }],
    ['templates', { template: 'order-confirmed', locale: 'en' }, { version: -1 }],
    ['webhook_endpoints', { slot: { $gte: 1 } }, { _id: -1 }],
    ['webhook_endpoints', { removedAt: { $gte: new Date(0) } }, {}],
    ['webhook_deliveries', { $and: [{ endpointId }, after] }, newest],
    ['webhook_deliveries', { $and: [{ endpointId, status: 'pending' }, after] }, newest],
    ['webhook_deliveries', { endpointId, dueAt: { $lte: at } }, { dueAt: 1 }],
    ['webhook_deliveries', { endpointId, status: 'pending' }, { eventTime: 1, eventId: 1 }],
    ['webhook_deliveries', { finishedAt: { $lt: at }, 'outbox.pendingAt': { $exists: false } }, {}],
    ['undeliverable_addresses', { at: { $lt: at } }, {}],
  ]
  test.each(queries)('of %s by %j are read from an index', async (collection, filter, sort) => {
    const found = notifications.db.collection(collection).find(filter).sort(sort)
    const explained: { queryPlanner: { winningPlan: unknown } } = JSON.parse(
      JSON.stringify(await found.limit(50).explain('queryPlanner')),
    )
    const stages = stagesOf(explained.queryPlanner.winningPlan)
    expect(stages).toContain('IXSCAN')
    expect(stages).not.toContain('COLLSCAN')
  })
})
