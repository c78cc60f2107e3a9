import { readFileSync } from 'node:fs'
import { Page } from '@tradewind/contracts/common'
import { OrderCompletedV1 } from '@tradewind/contracts/fulfilment'
import { OrderReservedV1 } from '@tradewind/contracts/orders'
import {
  createWebhookRoute,
  rotateWebhookSecretRoute,
  WebhookDelivery,
  WebhookEndpoint,
} from '@tradewind/contracts/webhooks'
import { newId } from '@tradewind/service-kit/ids'
import type { Answer, Method } from '@tradewind/service-testkit/running-service'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { shaped } from './shaped.ts'
import { isVerified, WebhookReceiver } from './webhook-receiver.ts'

let backends: Backends
let notifications: NotificationsUnderTest
let receiver: WebhookReceiver
beforeAll(async () => {
  backends = await startBackends()
  notifications = await startNotifications({ ...backends, database: backends.databaseName('notifications') })
})
afterAll(async () => {
  await notifications.stop()
  await backends.stop()
})
beforeEach(async () => {
  receiver = new WebhookReceiver()
  await receiver.start()
  // Receivers check timestamps by the real time.
  notifications.clock.now = new Date()
})
const made: string[] = []
afterEach(async () => {
  for (const id of made.splice(0)) await notifications.request('DELETE', `/v1/webhooks/${id}`, { as })
  await receiver.stop()
})

const as = { roles: ['operator'] }
const hourMs = 3_600_000
const staleMs = 2000
const Rotated = rotateWebhookSecretRoute.schema.response[200]
const advance = (milliseconds: number) => {
  notifications.clock.now = new Date(notifications.clock.now.getTime() + milliseconds)
}

async function call(method: Method, url: string, body?: object, expected = 200): Promise<Answer> {
  const answer = await notifications.request(method, url, { as, ...(body !== undefined && { body }) })
  expect(answer).toMatchObject({ status: expected })
  return answer
}

async function subscribe(more: object = {}) {
  const answer = await call('POST', '/v1/webhooks', { url: receiver.url, eventTypes: ['orders.*'], ...more }, 201)
  const endpoint = shaped(createWebhookRoute.schema.response[201], answer.body)
  made.push(endpoint.id)
  return endpoint
}

const completed = () =>
  OrderCompletedV1.create(newId('evt'), { orderId: newId('ord'), customerId: newId('usr'), number: 'TW-1000001' })

/** Has events told, one after the other, and waits for what is sent at once. */
async function tell(...events: ReturnType<typeof completed>[]) {
  for (const event of events) {
    await notifications.deliver(event, notifications.clock.now)
    advance(1)
  }
  await notifications.app.webhooks.deliver.idle()
}
async function sweep() {
  await notifications.app.webhooks.deliver.sweep()
  await notifications.app.webhooks.deliver.idle()
}
const logOf = async (endpointId: string, query = '') => {
  const url = `/v1/webhooks/${endpointId}/deliveries${query}`
  return shaped(Page(WebhookDelivery), (await call('GET', url)).body)
}
const only = async (endpointId: string) => {
  const { items } = await logOf(endpointId)
  expect(items).toHaveLength(1)
  const [delivery] = items
  if (delivery === undefined) throw new Error('there is no delivery')
  return delivery
}
const saidOf = (endpointId: string) => {
  const events = notifications.published.filter(({ data }) => JSON.stringify(data).includes(endpointId))
  return [...new Map(events.map((event) => [event.id, event])).values()]
}
const endpointOf = async (id: string) => shaped(WebhookEndpoint, (await call('GET', `/v1/webhooks/${id}`)).body)

describe('an event', () => {
  test('reaches whoever wants it, signed, as a CloudEvent', async () => {
    const { id, secret } = await subscribe()
    const event = completed()
    const at = notifications.clock.now
    await tell(event)
    const [webhook, ...others] = receiver.received
    expect(others).toEqual([])
    if (webhook === undefined) throw new Error('nothing was received')
    expect(isVerified(secret, webhook)).toBe(true)
    expect(isVerified(secret, { ...webhook, body: `${webhook.body} ` })).toBe(false)
    expect(webhook.headers).toMatchObject({
      'webhook-id': event.id,
      'webhook-timestamp': expect.stringMatching(/^\d{10}$/),
      'content-type': 'application/json',
    })
    expect(webhook.event).toEqual({
      specversion: '1.0',
      id: event.id,
      source: '/tradewind/orders',
      type: 'orders.order.completed.v1',
      time: at.toISOString(),
      datacontenttype: 'application/json',
      data: event.data,
    })
    expect(await only(id)).toMatchObject({
      endpointId: id,
      eventId: event.id,
      status: 'delivered',
      attemptCount: 1,
      attempts: [{ statusCode: 200, response: 'thanks', durationMs: expect.any(Number) }],
    })
    await notifications.settle()
    expect(saidOf(id)).toMatchObject([
      { type: 'notifications.webhook.delivered.v1', data: { endpointId: id, eventId: event.id, attempts: 1 } },
    ])
  })

  test('that comes five times is one delivery', async () => {
    const { id } = await subscribe()
    const event = completed()
    await tell(event)
    const before = await notifications.contents()
    for (let times = 0; times < 4; times += 1) await notifications.deliver(event, notifications.clock.now)
    await notifications.app.webhooks.deliver.idle()
    expect(receiver.received).toHaveLength(1)
    expect((await logOf(id)).items).toHaveLength(1)
    expect(await notifications.contents()).toEqual(before)
    expect(await notifications.deadLetters()).toBe(0)
  })

  test.each([
    [['orders.order.completed.v1'], 1],
    [['orders.order.*'], 1],
    [['*'], 1],
    [['payments.*', 'orders.order.completed.v1'], 1],
    [['payments.*'], 0],
    [['orders.order.confirmed.v1'], 0],
    [['orders.order.completed.v2'], 0],
    [['orders.fulfilment.*'], 0],
  ])('is sent to filters %j so often: %i', async (eventTypes, times) => {
    const { id } = await subscribe({ eventTypes })
    await tell(completed())
    expect((await logOf(id)).items).toHaveLength(times)
  })

  test('is not sent to an endpoint that was made long after it, nor to one that is not active', async () => {
    const { id } = await subscribe()
    const { id: inactive } = await subscribe({ active: false })
    await notifications.deliver(completed(), new Date(notifications.clock.now.getTime() - hourMs))
    expect((await logOf(id)).items).toEqual([])
    await tell(completed())
    expect((await logOf(inactive)).items).toEqual([])
  })

  test('gives no token away that could be charged', async () => {
    await subscribe()
    const facts = { orderId: newId('ord'), customerId: newId('usr'), total: { amountMinor: 1, currency: 'EUR' } }
    await notifications.deliver(
      OrderReservedV1.create(newId('evt'), { ...facts, paymentMethod: 'pm_secret' }),
      notifications.clock.now,
    )
    await notifications.app.webhooks.deliver.idle()
    expect(receiver.received.map(({ event }) => event.data)).toEqual([facts])
    expect(JSON.stringify((await notifications.contents())['webhook_deliveries'])).not.toContain('pm_secret')
  })

  test('about webhooks themselves goes round in no circle', async () => {
    const { id } = await subscribe({ eventTypes: ['*'] })
    await tell(completed())
    await notifications.settle()
    await sweep()
    expect((await logOf(id)).items.map(({ eventType }) => eventType)).toEqual(['orders.order.completed.v1'])
  })
})

describe('every public event', () => {
  const golden = new URL('../../../packages/contracts/golden/', import.meta.url)

  test('that comes again is delivered once', async () => {
    const { id } = await subscribe({ eventTypes: ['*'] })
    const types = [...new Set(notifications.app.webhooks.onPublicEvents.map(({ contract }) => contract.type))]
    expect(types.length).toBeGreaterThan(30)
    expect(types.filter((type) => type.startsWith('notifications.webhook'))).toEqual([])
    const events = types.map((type) => {
      const data: unknown = JSON.parse(readFileSync(new URL(`${type}.json`, golden), 'utf8'))
      return { id: newId('evt'), type, data }
    })
    for (let times = 0; times < 3; times += 1)
      for (const event of events) await notifications.publish(event, notifications.clock.now)
    await notifications.settle()
    await notifications.app.webhooks.deliver.idle()
    const sent = receiver.received.map(({ event }) => event.id)
    expect(events.filter((event) => sent.filter((one) => one === event.id).length !== 1)).toEqual([])
    const kept = await notifications.db.collection('webhook_deliveries').find({ endpointId: id }).toArray()
    expect(new Set(kept.map(({ eventId }) => String(eventId))).size).toBe(kept.length)
    expect(await notifications.deadLetters()).toBe(0)
  })
})

describe('a secret', () => {
  test('is shown once, and kept sealed', async () => {
    const { id, secret } = await subscribe()
    expect(secret).toMatch(/^whsec_[A-Za-z0-9+/]{32}$/)
    const shown = [await endpointOf(id), (await call('GET', '/v1/webhooks')).body]
    const kept = JSON.stringify([shown, await notifications.contents(), notifications.published])
    expect(kept).not.toContain(secret.replace('whsec_', ''))
    expect(JSON.stringify(shown)).not.toMatch(/secret|sealed/)
  })

  test('that was replaced signs beside the new one for a while, and then no more', async () => {
    const { id, secret: first } = await subscribe()
    const url = `/v1/webhooks/${id}/secret`
    const answer = await call('POST', url, { overlapHours: 1 })
    const body = shaped(Rotated, answer.body)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect(new Date(body.previousExpiresAt).getTime() - notifications.clock.now.getTime()).toBe(hourMs)
    await tell(completed())
    const [during] = receiver.received
    if (during === undefined) throw new Error('nothing was received')
    expect(String(during.headers['webhook-signature']).split(' ')).toHaveLength(2)
    expect([isVerified(first, during), isVerified(body.secret, during)]).toEqual([true, true])

    const last = shaped(Rotated, (await call('POST', url, { overlapHours: 0 })).body)
    await tell(completed())
    const after = receiver.received[1]
    if (after === undefined) throw new Error('nothing was received')
    expect([first, body.secret, last.secret].map((secret) => isVerified(secret, after))).toEqual([false, false, true])
  })

  test('ends by the clock', async () => {
    const { id, secret } = await subscribe()
    await call('POST', `/v1/webhooks/${id}/secret`, {})
    advance(24 * hourMs)
    await tell(completed())
    expect(String(receiver.received[0]?.headers['webhook-signature']).split(' ')).toHaveLength(1)
    expect(receiver.received.some((webhook) => isVerified(secret, webhook))).toBe(false)
  })
})

describe('a delivery that is not taken', () => {
  test.each([500, 503, 404, 400, 302, 429])(
    '(%i) is tried again later under the same id, and then taken',
    async (status) => {
      const { id } = await subscribe()
      receiver.answerWith(status, 'no')
      const event = completed()
      await tell(event)
      expect(await only(id)).toMatchObject({ status: 'pending', attemptCount: 1, nextAttemptAt: expect.any(String) })
      advance(4000)
      await sweep()
      expect(receiver.received).toHaveLength(1)

      receiver.answerWith(204)
      advance(1000)
      await sweep()
      await sweep()
      expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id])
      expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body)
      const delivery = await only(id)
      expect(delivery).toMatchObject({
        status: 'delivered',
        attemptCount: 2,
        attempts: [{ response: 'no' }, { statusCode: 204 }],
      })
      expect(delivery).not.toHaveProperty('nextAttemptAt')
      expect(await endpointOf(id)).not.toHaveProperty('failingSince')
    },
  )

  test('for a whole day is given up and says so once', async () => {
    const { id } = await subscribe()
    receiver.answerWith(500)
    await tell(completed())
    const begun = notifications.clock.now.getTime()
    for (let delivery = await only(id); delivery.nextAttemptAt !== undefined; delivery = await only(id)) {
      notifications.clock.now = new Date(delivery.nextAttemptAt)
      await sweep()
    }
    const hours = (notifications.clock.now.getTime() - begun) / hourMs
    expect(hours).toBeGreaterThan(19)
    expect(hours).toBeLessThanOrEqual(24)
    const delivery = await only(id)
    expect(delivery).toMatchObject({ status: 'exhausted', finishedAt: expect.any(String) })
    expect(delivery.attemptCount).toBe(receiver.received.length)
    advance(24 * hourMs)
    await sweep()
    expect(receiver.received).toHaveLength(delivery.attemptCount)
    await notifications.settle()
    expect(saidOf(id)).toMatchObject([
      { type: 'notifications.webhook.exhausted.v1', data: { attempts: delivery.attemptCount } },
    ])
  })

  test('is sent again for another day when an operator says so', async () => {
    const { id } = await subscribe()
    receiver.answerWith(410)
    const event = completed()
    await tell(event)
    const { id: deliveryId } = await only(id)
    await call('PATCH', `/v1/webhooks/${id}`, { active: true })
    receiver.answerWith(200)
    const url = `/v1/webhooks/${id}/deliveries/${deliveryId}`
    const { body } = await call('POST', `${url}/redeliver`, undefined, 202)
    expect(body).toMatchObject({ id: deliveryId, status: 'pending' })
    await notifications.app.webhooks.deliver.idle()
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id])
    const { body: shown } = await call('GET', url)
    expect(shown).toMatchObject({ status: 'delivered', payload: receiver.received[0]?.body })
  })
})

describe('an endpoint', () => {
  test('that says 410 is disabled at once', async () => {
    const { id } = await subscribe()
    receiver.answerWith(410)
    await tell(completed())
    expect(await endpointOf(id)).toMatchObject({ active: false, disabledBecause: 'gone' })
    expect(await only(id)).toMatchObject({ status: 'exhausted', attemptCount: 1 })
    await tell(completed())
    expect(receiver.received).toHaveLength(1)
    await notifications.settle()
    const said = saidOf(id)
    expect(said).toHaveLength(2)
    expect(said).toContainEqual(expect.objectContaining({ type: 'notifications.webhook.exhausted.v1' }))
    expect(said).toContainEqual(
      expect.objectContaining({ type: 'notifications.webhook.disabled.v1', data: { endpointId: id, reason: 'gone' } }),
    )
  })

  test('that does nothing but fail for days is disabled, says so once, and can be put to work again', async () => {
    const { id } = await subscribe()
    receiver.answerWith(500)
    await tell(completed())
    expect(await endpointOf(id)).toMatchObject({ active: true, failingSince: expect.any(String) })
    advance(5 * 24 * hourMs - hourMs)
    await tell(completed())
    expect(await endpointOf(id)).toMatchObject({ active: true })
    advance(2 * hourMs)
    await tell(completed())
    expect(await endpointOf(id)).toMatchObject({ active: false, disabledBecause: 'failing' })
    await notifications.settle()
    const disabled = saidOf(id).filter(({ type }) => type === 'notifications.webhook.disabled.v1')
    expect(disabled).toMatchObject([{ data: { endpointId: id, reason: 'failing' } }])

    receiver.answerWith(200)
    await call('PATCH', `/v1/webhooks/${id}`, { active: true })
    const again = await endpointOf(id)
    expect(again).toMatchObject({ active: true })
    expect(again).not.toHaveProperty('failingSince')
    expect(again).not.toHaveProperty('disabledBecause')
    await tell(completed())
    await notifications.settle()
    expect(saidOf(id).filter(({ type }) => type.includes('delivered')).length).toBeGreaterThanOrEqual(1)
  })

  test('that succeeds in between is not disabled', async () => {
    const { id } = await subscribe()
    for (let days = 0; days < 8; days += 2) {
      receiver.answerWith(500)
      await tell(completed())
      receiver.answerWith(200)
      advance(hourMs)
      await sweep()
      expect(await endpointOf(id)).not.toHaveProperty('failingSince')
      advance(48 * hourMs)
    }
    expect(await endpointOf(id)).toMatchObject({ active: true })
  })

  test('that is slow holds nobody else up', async () => {
    const slow = new WebhookReceiver()
    await slow.start()
    slow.hold()
    const { id: slowId } = await subscribe({ url: slow.url })
    const { id } = await subscribe()
    const events = Array.from({ length: 20 }, completed)
    for (const event of events) await notifications.deliver(event, notifications.clock.now)
    await eventually(() => receiver.received.length === events.length)
    await eventually(async () => (await logOf(id, '?status=delivered')).items.length === events.length)
    await eventually(() => slow.held.length === 4)
    // So many attempts at once go to one endpoint, and no more.
    expect(slow.held).toHaveLength(4)
    slow.release()
    await notifications.app.webhooks.deliver.idle()
    expect((await logOf(slowId, '?status=delivered')).items).toHaveLength(events.length)
    await slow.stop()
  })

  test('that is removed is sent nothing more, and what waited is given up and then forgotten', async () => {
    const { id } = await subscribe()
    receiver.answerWith(500)
    await tell(completed())
    await call('DELETE', `/v1/webhooks/${id}`, undefined, 204)
    await call('GET', `/v1/webhooks/${id}`, undefined, 404)
    await call('GET', `/v1/webhooks/${id}/deliveries`, undefined, 404)
    await call('DELETE', `/v1/webhooks/${id}`, undefined, 404)
    await tell(completed())
    await notifications.app.webhooks.sweep()
    const ofEndpoint = async () => notifications.db.collection('webhook_deliveries').find({ endpointId: id }).toArray()
    expect(await ofEndpoint()).toMatchObject([{ status: 'cancelled' }])
    advance(31 * 24 * hourMs)
    await sweep()
    await notifications.app.webhooks.sweep()
    expect(receiver.received).toHaveLength(1)
    expect(await ofEndpoint()).toEqual([])
    expect(
      await notifications.db.collection('webhook_endpoints').countDocuments({
        url: receiver.url,
        removedAt: { $lt: new Date(notifications.clock.now.getTime() - 30 * 24 * hourMs) },
      }),
    ).toBe(0)
  })

  test('is changed by whoever knows its latest state', async () => {
    const { id } = await subscribe()
    const url = `/v1/webhooks/${id}`
    const etag = String((await call('GET', url)).headers['etag'])
    const change = (ifMatch: string, description: string) =>
      notifications.request('PATCH', url, { as, body: { description }, headers: { 'if-match': ifMatch } })
    const first = await change(etag, 'first')
    expect(first).toMatchObject({ status: 200, body: { description: 'first' } })
    expect(first.headers['etag']).not.toBe(etag)
    expect(await change(etag, 'second')).toMatchObject({ status: 412, body: { code: 'NOTIFICATIONS_WEBHOOK_CHANGED' } })
    expect(await change('rubbish', 'third')).toMatchObject({ status: 412 })
    // What it is sent does not make an operator's page out of date.
    receiver.answerWith(500)
    await tell(completed())
    expect(await change(String(first.headers['etag']), 'fourth')).toMatchObject({ status: 200 })
    const stale = await notifications.request('DELETE', url, { as, headers: { 'if-match': etag } })
    expect(stale).toMatchObject({ status: 412 })
  })

  test('is tested with an event that means nothing', async () => {
    const { id, secret } = await subscribe({ active: false })
    const { body } = await call('POST', `/v1/webhooks/${id}/test`)
    expect(body).toMatchObject({ delivered: true, statusCode: 200, response: 'thanks' })
    const [webhook] = receiver.received
    if (webhook === undefined) throw new Error('nothing was received')
    expect(webhook.event).toMatchObject({ type: 'tradewind.test', data: { endpointId: id } })
    expect(isVerified(secret, webhook)).toBe(true)
    receiver.answerWith(500, 'broken')
    expect((await call('POST', `/v1/webhooks/${id}/test`)).body).toMatchObject({
      delivered: false,
      statusCode: 500,
      response: 'broken',
    })
    expect((await logOf(id)).items).toEqual([])
  })

  test('may not lead into the house', async () => {
    const strict = await startNotifications({
      ...backends,
      database: backends.databaseName('strict'),
      sender: { allowHttp: false, allowPrivate: false },
    })
    for (const url of ['http://hooks.example/', 'https://127.0.0.1/', 'https://2130706433/', 'https://[::1]/']) {
      const body = { url, eventTypes: ['*'] }
      expect(await strict.request('POST', '/v1/webhooks', { as, body })).toMatchObject({
        status: 400,
        body: { code: 'NOTIFICATIONS_WEBHOOK_URL_REFUSED', errors: [{ pointer: '/url' }] },
      })
    }
    expect((await strict.contents())['webhook_endpoints'] ?? []).toEqual([])
    await strict.stop()
  })

  test('is one of a bounded number, also when many are made at once', async () => {
    const alone = await startNotifications({ ...backends, database: backends.databaseName('alone') })
    const body = { url: receiver.url, eventTypes: ['payments.*'] }
    const make = () => alone.request('POST', '/v1/webhooks', { as, body })
    for (let rounds = 0; rounds < 4; rounds += 1) await Promise.all(Array.from({ length: 24 }, make))
    const answers = await Promise.all(Array.from({ length: 10 }, make))
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(4)
    expect(answers.filter(({ status }) => status === 409)).toHaveLength(6)
    const seen: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const answer = await alone.request('GET', `/v1/webhooks?limit=30${cursor === '' ? '' : `&cursor=${cursor}`}`, {
        as,
      })
      const page = shaped(Page(WebhookEndpoint), answer.body)
      seen.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    }
    expect(seen).toHaveLength(100)
    expect(seen).toEqual([...new Set(seen)].toSorted().toReversed())
    await alone.stop()
  }, 60_000)
})

describe('an ordered endpoint', () => {
  const idsReceived = () => receiver.received.map(({ headers }) => headers['webhook-id'])

  test('is sent one event at a time, in their order, whatever the order of arrival', async () => {
    await subscribe({ ordered: true })
    const events = Array.from({ length: 12 }, completed)
    const begun = notifications.clock.now.getTime()
    const arrival = events.map((event, index) => [event, new Date(begun + index)] as const)
    let atOnce = 0
    let most = 0
    receiver.respond = (answer) => {
      atOnce += 1
      most = Math.max(most, atOnce)
      setImmediate(() => {
        atOnce -= 1
        answer.end()
      })
    }
    for (const [event, at] of arrival.toReversed()) await notifications.publish(event, at)
    await notifications.settle()
    advance(2000)
    await sweep()
    expect(idsReceived()).toEqual(events.map(({ id }) => id))
    expect(most).toBe(1)
  })

  test('waits for the first that fails, and goes on when it was taken', async () => {
    const { id } = await subscribe({ ordered: true })
    receiver.answerWith(500)
    const events = Array.from({ length: 3 }, completed)
    await tell(...events)
    advance(2000)
    await sweep()
    await sweep()
    expect(idsReceived()).toEqual([events[0]?.id])
    receiver.answerWith(200)
    advance(5000)
    await sweep()
    expect(idsReceived()).toEqual([events[0]?.id, ...events.map((event) => event.id)])
    expect((await logOf(id, '?status=delivered')).items).toHaveLength(3)
  })

  test('is not held up for longer than a day', async () => {
    const { id } = await subscribe({ ordered: true })
    const [first, second] = [completed(), completed()]
    receiver.respond = (answer, { event }) => void answer.writeHead(event.id === first.id ? 500 : 200).end()
    await tell(first, second)
    advance(2000)
    await sweep()
    for (let hours = 0; hours < 30; hours += 1) {
      advance(hourMs)
      await sweep()
    }
    expect(idsReceived().at(-1)).toBe(second.id)
    const { items } = await logOf(id)
    expect(items.map(({ status }) => status)).toEqual(['delivered', 'exhausted'])
  })
})

describe('two replicas', () => {
  let other: NotificationsUnderTest
  beforeEach(async () => {
    other = await startNotifications({ ...backends, database: notifications.db.databaseName })
    other.clock.now = notifications.clock.now
  })
  afterEach(() => other.stop())

  test('send each event once, and in order where that is asked for', async () => {
    const { id } = await subscribe()
    const { id: orderedId } = await subscribe({ ordered: true, url: `${receiver.url}/ordered` })
    const events = Array.from({ length: 20 }, completed)
    for (const event of events) {
      await notifications.publish(event, notifications.clock.now)
      advance(1)
    }
    await notifications.settle()
    advance(staleMs)
    other.clock.now = notifications.clock.now
    for (let times = 0; times < 3; times += 1) {
      await Promise.all([notifications, other].map(({ app }) => app.webhooks.deliver.sweep()))
      await Promise.all([notifications, other].map(({ app }) => app.webhooks.deliver.idle()))
    }
    for (const endpointId of [id, orderedId])
      expect((await logOf(endpointId, '?status=delivered')).items).toHaveLength(events.length)
    expect(receiver.received).toHaveLength(2 * events.length)
    const idsAt = (path: string) =>
      receiver.received.filter((webhook) => webhook.path === path).map(({ event }) => event.id)
    expect(idsAt('/hook/ordered')).toEqual(events.map((event) => event.id))
    expect(new Set(idsAt('/hook')).size).toBe(events.length)
  })

  test('carry on what a replica left behind that died while it was sending', async () => {
    const { id } = await subscribe()
    receiver.hold()
    const event = completed()
    await notifications.deliver(event, notifications.clock.now)
    await eventually(() => receiver.held.length === 1)
    // As if that replica were gone: its attempt never ends as far as the other one knows.
    await other.app.webhooks.deliver.sweep()
    await other.app.webhooks.deliver.idle()
    expect(receiver.held).toHaveLength(1)
    receiver.respond = (answer) => void answer.end()
    other.clock.now = new Date(other.clock.now.getTime() + 31_000)
    await other.app.webhooks.deliver.sweep()
    await other.app.webhooks.deliver.idle()
    expect(await only(id)).toMatchObject({ status: 'delivered', attemptCount: 1 })
    receiver.release()
    await notifications.app.webhooks.deliver.idle()
    expect(await only(id)).toMatchObject({ status: 'delivered', attemptCount: 1 })
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([event.id, event.id])
  })

  test('know each other’s endpoints after a few seconds', async () => {
    const { id } = await subscribe()
    other.clock.now = new Date(notifications.clock.now.getTime() + staleMs)
    const event = completed()
    const handler = other.app.webhooks.onPublicEvents.find(({ contract }) => contract.type === event.type)
    await handler?.handle({ ...event, time: notifications.clock.now })
    await other.app.webhooks.deliver.idle()
    expect(await only(id)).toMatchObject({ status: 'delivered' })
  })
})

test('what cannot be signed is a failed attempt, and not the endpoint’s fault', async () => {
  const { id } = await subscribe()
  const keys = `other:${Buffer.alloc(32, 6).toString('base64')}`
  const lost = await startNotifications({ ...backends, database: notifications.db.databaseName, keys })
  lost.clock.now = notifications.clock.now
  const event = completed()
  const handler = lost.app.webhooks.onPublicEvents.find(({ contract }) => contract.type === event.type)
  await handler?.handle({ ...event, time: notifications.clock.now })
  await lost.app.webhooks.deliver.idle()
  expect(await only(id)).toMatchObject({ status: 'pending', attempts: [{ error: 'it could not be signed' }] })
  expect(await endpointOf(id)).not.toHaveProperty('failingSince')
  const [error] = lost.deliveryErrors
  expect(error instanceof Error && String(error.cause)).toContain('sealed with key test, which is not configured')
  expect(receiver.received).toEqual([])
  await lost.stop()
  advance(5000)
  await sweep()
  expect(await only(id)).toMatchObject({ status: 'delivered' })
})

describe('the log', () => {
  test('is read page by page, newest first, also by status', async () => {
    const { id } = await subscribe()
    for (let count = 0; count < 5; count += 1) {
      receiver.answerWith(count === 2 ? 500 : 200)
      await tell(completed())
    }
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page: Awaited<ReturnType<typeof logOf>> = await logOf(
        id,
        `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      found.push(...page.items.map((delivery) => delivery.createdAt))
      cursor = page.nextCursor
    }
    expect(found).toHaveLength(5)
    expect(found).toEqual(found.toSorted().toReversed())
    expect((await logOf(id, '?status=pending')).items).toHaveLength(1)
    expect((await logOf(id, '?status=delivered')).items).toHaveLength(4)
  })

  test('shows nothing of another endpoint', async () => {
    const { id } = await subscribe()
    const { id: other } = await subscribe({ eventTypes: ['payments.*'] })
    await tell(completed())
    const { id: deliveryId } = await only(id)
    await call('GET', `/v1/webhooks/${other}/deliveries/${deliveryId}`, undefined, 404)
    await call('POST', `/v1/webhooks/${other}/deliveries/${deliveryId}/redeliver`, undefined, 404)
    expect((await logOf(other)).items).toEqual([])
  })

  test('is forgotten after a while', async () => {
    const { id } = await subscribe()
    await tell(completed())
    await notifications.settle()
    // The relay's marks are written a moment later; until then a delivery still has something to say.
    await eventually(async () => {
      await notifications.app.webhooks.sweep()
      const waiting = { endpointId: id, 'outbox.pendingAt': { $exists: true } }
      return (await notifications.db.collection('webhook_deliveries').countDocuments(waiting)) === 0
    })
    expect((await logOf(id)).items).toHaveLength(1)
    advance(31 * 24 * hourMs)
    await notifications.app.webhooks.sweep()
    expect((await logOf(id)).items).toEqual([])
  })
})

test('nothing went wrong unseen in all of this', () => {
  expect(notifications.deliveryErrors).toEqual([])
})
