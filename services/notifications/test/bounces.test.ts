import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { Webhook } from 'standardwebhooks'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { bounceSecret, type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { confirmed, newEnding, rejected, shipped } from './order-events.ts'

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

interface Delivery {
  readonly secret?: string
  readonly at?: Date
  readonly id?: string
  readonly sentBody?: string
}

/** Reports as a provider would, with the library that providers use. */
async function report(content: object | string, given: Delivery = {}) {
  const { secret = bounceSecret, at = notifications.clock.now, id = newId('rep') } = given
  const body = typeof content === 'string' ? content : JSON.stringify(content)
  const headers = {
    'webhook-id': id,
    'webhook-timestamp': String(Math.floor(at.getTime() / 1000)),
    'webhook-signature': new Webhook(secret).sign(id, at, body),
  }
  return await notifications.requestRaw('POST', '/v1/notifications/bounces', given.sentBody ?? body, { headers })
}

const as = { roles: ['operator'], userId: newId('usr') }
async function sentMail(address = `${newId('box')}@example.org`) {
  const ending = newEnding(notifications)
  notifications.addresses.set(ending.orderId, address)
  await notifications.deliver(confirmed(ending))
  const [mail] = await notifications.ofOrder(ending.orderId)
  if (mail === undefined) throw new Error('there is no mail')
  return { ending, mail, address, permanent: { notificationId: mail.id, kind: 'permanent', code: '5.1.1' } }
}

describe('a report that a mail came back', () => {
  test('is noted once however often it comes, and the address is written to no more unless it must be', async () => {
    const { ending, mail, address, permanent } = await sentMail()
    expect(await report(permanent)).toMatchObject({ status: 204 })
    const shown = await notifications.request('GET', `/v1/notifications/${mail.id}`, { as })
    expect(shown.body).toMatchObject({ status: 'bounced', bounce: { code: '5.1.1', at: expect.any(String) } })
    await notifications.settle()
    const once = await notifications.contents()
    for (let times = 0; times < 3; times += 1) expect((await report(permanent)).status).toBe(204)
    expect((await report({ ...permanent, code: '550' })).status).toBe(204)
    expect(await notifications.contents()).toEqual(once)
    const failed = notifications.published.filter(
      ({ type, data }) => type.includes('failed') && JSON.stringify(data).includes(mail.id),
    )
    expect(new Set(failed.map(({ id }) => id)).size).toBe(1)

    await notifications.deliver(shipped(ending))
    await notifications.deliver(rejected(ending))
    const states = (await notifications.ofOrder(ending.orderId)).map(({ template, status, failure }) => [
      template,
      status,
      failure,
    ])
    expect(states).toContainEqual(['fulfilment-shipped', 'suppressed', 'undeliverable_address'])
    expect(states).toContainEqual(['order-rejected', 'sent', undefined])
    // Others at other addresses are not concerned, and the list of addresses is none.
    expect(JSON.stringify((await notifications.contents())['undeliverable_addresses'])).not.toContain(address)
    const bounced = await notifications.request('GET', '/v1/notifications?status=bounced', { as })
    expect(JSON.stringify(bounced.body)).toContain(mail.id)
  })

  test('that is passing changes nothing', async () => {
    const { mail, permanent } = await sentMail()
    const before = await notifications.contents()
    expect((await report({ ...permanent, kind: 'transient', code: '4.2.2' })).status).toBe(204)
    expect(await notifications.contents()).toEqual(before)
    expect(mail.status).toBe('sent')
  })

  test('is refused unless it is signed, fresh, and what was signed', async () => {
    const { permanent } = await sentMail()
    const before = await notifications.contents()
    const at = (minutes: number) => new Date(notifications.clock.now.getTime() + minutes * 60_000)
    const forged: [object, Delivery][] = [
      [permanent, { secret: `whsec_${Buffer.alloc(24, 8).toString('base64')}` }],
      [permanent, { at: at(-6) }],
      [permanent, { at: at(6) }],
      [permanent, { sentBody: JSON.stringify({ ...permanent, code: '5.1.2' }) }],
    ]
    for (const [content, given] of forged) {
      expect(await report(content, given)).toMatchObject({
        status: 403,
        body: { code: 'NOTIFICATIONS_BOUNCE_NOT_SIGNED' },
      })
    }
    const unsigned = await notifications.requestRaw('POST', '/v1/notifications/bounces', JSON.stringify(permanent))
    expect(unsigned).toMatchObject({ status: 400, body: { code: 'INVALID_INPUT' } })
    expect(await notifications.contents()).toEqual(before)
  })

  test('is refused when it is not what a report is', async () => {
    const { permanent } = await sentMail()
    const before = await notifications.contents()
    for (const [content, status] of [
      [{ ...permanent, kind: 'odd' }, 400],
      [{ ...permanent, code: '999' }, 400],
      [{ ...permanent, to: 'x@example.org' }, 400],
      [{ ...permanent, notificationId: newId('ntf') }, 404],
      ['{"a":', 400],
      ['{"__proto__":{}}', 400],
    ] as const)
      expect(await report(content)).toMatchObject({ status })
    expect((await report('x'.repeat(5000))).status).toBe(413)
    expect(await notifications.contents()).toEqual(before)
  })

  test('is forgotten after a while', async () => {
    const { ending, permanent } = await sentMail()
    await report(permanent)
    const { now } = notifications.clock
    notifications.clock.now = new Date(now.getTime() + 91 * 24 * 3_600_000)
    await notifications.app.forgetAddresses()
    await notifications.deliver(shipped(ending))
    const [mail] = (await notifications.ofOrder(ending.orderId)).filter(({ template }) => template.startsWith('ful'))
    expect(mail?.status).toBe('sent')
    notifications.clock.now = now
  })
})

describe('a mail that is sent again', () => {
  const resend = (id: string, key: string) =>
    notifications.request('POST', `/v1/notifications/${id}/resend`, { as, headers: { 'idempotency-key': key } })

  test('is a new one that names the first, goes to the address of now, and is made once per key', async () => {
    const { ending, mail, permanent } = await sentMail()
    await report(permanent)
    notifications.addresses.set(ending.orderId, 'new@example.org')
    const key = newId('key')
    const answers = await Promise.all([resend(mail.id, key), resend(mail.id, key), resend(mail.id, key)])
    expect(answers.map(({ status }) => status)).toEqual([201, 201, 201])
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === 'true')).toHaveLength(2)
    const [first] = answers
    expect(await resend(mail.id, key)).toMatchObject({
      status: 201,
      headers: { 'idempotent-replayed': 'true' },
      body: { status: 'sent', resendOf: mail.id, to: 'new@example.org', subject: mail.subject, text: mail.text },
    })
    const found = await notifications.ofOrder(ending.orderId)
    expect(found.map(({ resendOf, status }) => [resendOf, status])).toEqual(
      expect.arrayContaining([
        [undefined, 'bounced'],
        [mail.id, 'sent'],
      ]),
    )
    expect(found).toHaveLength(2)
    expect(String(first?.headers['location'])).toMatch(/^\/v1\/notifications\/ntf_[0-9a-f]{32}$/)

    const { mail: another } = await sentMail()
    expect(await resend(another.id, key)).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
    expect(await resend(mail.id, newId('key'))).toMatchObject({ status: 201 })
    expect(await notifications.ofOrder(ending.orderId)).toHaveLength(3)
    expect(await resend(newId('ntf'), newId('key'))).toMatchObject({ status: 404 })
  })
})
