import { notificationsRoutes } from '@tradewind/contracts/notifications'
import { newId } from '@tradewind/service-kit/ids'
import { badPages, expectRefusal, forgedCursors } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
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

/** Every route of the contract, with an address that it takes. */
const routes: Record<string, () => string> = {
  'GET /v1/notifications/:id': () => `/v1/notifications/${newId('ntf')}`,
  'GET /v1/notifications': () => '/v1/notifications',
}

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const all = notificationsRoutes.map((route) => [nameOf(route), route] as const)
  const urlOf = (name: string) => routes[name]?.() ?? ''

  test('is answered by the service and named in these tests', () => {
    const declared = notificationsRoutes.map(nameOf).toSorted()
    expect(notifications.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(all)('%s is for operators only', async (name, { method }) => {
    await expectRefusal(notifications, [method, urlOf(name)], 401, 'UNAUTHENTICATED')
    await expectRefusal(notifications, [method, urlOf(name), { as: {} }], 403, 'FORBIDDEN')
    const forged = { headers: { authorization: 'Bearer e30.e30.e30' } }
    await expectRefusal(notifications, [method, urlOf(name), forged], 401, 'INVALID_TOKEN')
  })

  test.each(all)('%s refuses a query that it does not know', async (name, { method }) => {
    for (const key of ['a[$ne]', '$where', '__proto__', 'to']) {
      const pointers = await expectRefusal(
        notifications,
        [method, `${urlOf(name)}?${key}=1`, { as }],
        400,
        'INVALID_INPUT',
      )
      expect(pointers).toEqual([`/query/${key}`])
    }
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
