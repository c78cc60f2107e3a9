import { newId } from '@tradewind/service-kit/ids'
import { expectRefusal } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import {
  arrived,
  cancelled,
  confirmed,
  type Ending,
  edited,
  expired,
  newEnding,
  rejected,
  returnApproved,
  returnRefunded,
  returnRejected,
  shipped,
} from './order-events.ts'

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

const url = '/v1/notifications/preferences'
const set = (userId: string, body: object, ifMatch?: string) =>
  notifications.request('PUT', url, {
    as: { userId },
    body,
    ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
  })
const read = (userId: string) => notifications.request('GET', url, { as: { userId } })
const everything = { locale: 'de', optOuts: ['shipping', 'returns', 'order-changes'] }
const statesOf = async ({ orderId }: Ending) =>
  Object.fromEntries((await notifications.ofOrder(orderId)).map(({ template, status }) => [template, status]))

describe('preferences', () => {
  test('are the default until the customer says otherwise, and each customer’s own', async () => {
    const [one, other] = [newId('usr'), newId('usr')]
    expect(await read(one)).toMatchObject({ body: { locale: 'en', optOuts: [] }, headers: { etag: '"0"' } })
    expect(await set(one, everything, '"0"')).toMatchObject({ status: 200, headers: { etag: '"1"' } })
    expect(await read(one)).toMatchObject({ body: everything })
    expect(await read(other)).toMatchObject({ body: { locale: 'en', optOuts: [] } })
    expect(await set(one, { locale: 'en', optOuts: [] }, '"0"')).toMatchObject({
      status: 412,
      body: { code: 'NOTIFICATIONS_PREFERENCES_CHANGED' },
    })
  })

  test.each([
    [{ locale: 'fr', optOuts: [] }, '/locale'],
    [{ locale: 'de', optOuts: ['confirmations'] }, '/optOuts/0'],
    [{ locale: 'de', optOuts: ['shipping', 'shipping'] }, '/optOuts'],
    [{ locale: 'de' }, '/optOuts'],
    [{ ...everything, userId: newId('usr') }, '/userId'],
  ])('%j are refused', async (body, pointer) => {
    expect(await expectRefusal(notifications, ['PUT', url, { as: {}, body }], 400, 'INVALID_INPUT')).toEqual([pointer])
  })

  test('choose the language of mails', async () => {
    const ending = newEnding(notifications)
    await set(ending.customerId, { locale: 'de', optOuts: [] })
    await notifications.deliver(confirmed(ending))
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([
      { locale: 'de', subject: 'Ihre Bestellung TW-1000001 ist bestätigt' },
    ])
  })

  test('switch off what may be switched off, and nothing that the purchase requires', async () => {
    const ending = newEnding(notifications)
    await set(ending.customerId, everything)
    const required = [confirmed, rejected, cancelled, expired, returnRefunded]
    const optional = [edited, shipped, arrived, returnApproved, returnRejected]
    for (const event of [...required, ...optional]) await notifications.deliver(event(ending))
    expect(await statesOf(ending)).toEqual({
      'order-confirmed': 'sent',
      'order-rejected': 'sent',
      'order-cancelled': 'sent',
      'order-expired': 'sent',
      'return-refunded': 'sent',
      'order-edited': 'suppressed',
      'fulfilment-shipped': 'suppressed',
      'fulfilment-delivered': 'suppressed',
      'return-approved': 'suppressed',
      'return-rejected': 'suppressed',
    })
    const said = notifications.published.filter(({ data }) => JSON.stringify(data).includes(ending.orderId))
    const suppressed = said.filter(({ type }) => type === 'notifications.notification.suppressed.v1')
    expect(suppressed).toHaveLength(optional.length)
    expect(suppressed[0]).toMatchObject({ data: { orderId: ending.orderId, reason: 'opted_out' } })
    const list = await notifications.request('GET', `/v1/notifications?orderId=${ending.orderId}&status=suppressed`, {
      as: { roles: ['operator'] },
    })
    const { items } = JSON.parse(JSON.stringify(list.body))
    expect(items).toHaveLength(optional.length)
    // Not even when an operator asks for it.
    const again = { as: { roles: ['operator'] }, headers: { 'idempotency-key': newId('key') } }
    expect(await notifications.request('POST', `/v1/notifications/${items[0]?.id}/resend`, again)).toMatchObject({
      status: 409,
      body: { code: 'NOTIFICATIONS_UNWANTED' },
    })
  })
})

describe('the link in a mail', () => {
  const linkFor = async (ending: Ending) => {
    await notifications.deliver(shipped(ending))
    const mail = (await notifications.ofOrder(ending.orderId)).find(({ template }) => template === 'fulfilment-shipped')
    return String(mail?.unsubscribeUrl).replace('https://shop.example', '')
  }

  test('stands in mails that can be switched off only', async () => {
    const ending = newEnding(notifications)
    await notifications.deliver(confirmed(ending))
    const link = await linkFor(ending)
    const [parcel, confirmation] = await notifications.ofOrder(ending.orderId)
    const mails = [parcel, confirmation].map((mail) => [mail?.template, mail?.unsubscribeUrl !== undefined])
    expect(new Map(mails.map(([template, has]) => [String(template), has]))).toEqual(
      new Map([
        ['fulfilment-shipped', true],
        ['order-confirmed', false],
      ]),
    )
    expect(link).toMatch(/^\/v1\/notifications\/unsubscribe\?token=usr_[0-9a-f]{32}\.shipping\.test\.[\w-]{43}$/)
  })

  test('asks first and changes nothing when it is only looked at', async () => {
    const ending = newEnding(notifications)
    const link = await linkFor(ending)
    const before = await notifications.contents()
    const answer = await notifications.request('GET', link)
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('<form method="post">') })
    expect(answer.headers).toMatchObject({
      'content-type': 'text/html; charset=utf-8',
      'cache-control': 'no-store',
      'referrer-policy': 'no-referrer',
    })
    expect(await notifications.contents()).toEqual(before)
  })

  const boundary = 'xyz'
  test.each([
    ['application/x-www-form-urlencoded', 'List-Unsubscribe=One-Click'],
    [
      `multipart/form-data; boundary=${boundary}`,
      `--${boundary}\r\ncontent-disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--${boundary}--\r\n`,
    ],
  ])('stops mails of its kind in one step, sent as %s, however often', async (type, body) => {
    const ending = newEnding(notifications)
    const link = await linkFor(ending)
    const post = () => notifications.requestRaw('POST', link, body, { headers: { 'content-type': type } })
    expect(await post()).toMatchObject({ status: 200 })
    const once = await notifications.contents()
    expect(await post()).toMatchObject({ status: 200 })
    expect(await notifications.contents()).toEqual(once)
    expect(await read(ending.customerId)).toMatchObject({ body: { locale: 'en', optOuts: ['shipping'] } })
    await notifications.deliver(arrived(ending))
    await notifications.deliver(edited(ending))
    expect(await statesOf(ending)).toMatchObject({ 'fulfilment-delivered': 'suppressed', 'order-edited': 'sent' })
  })

  test('is worth nothing when anything of it is changed', async () => {
    const ending = newEnding(notifications)
    const link = await linkFor(ending)
    const stranger = newId('usr')
    const forged = [
      link.replace(ending.customerId, stranger),
      link.replace('shipping', 'returns'),
      link.replace('.test.', '.other.'),
      `${link.slice(0, -1)}${link.endsWith('A') ? 'E' : 'A'}`,
      link.slice(0, -5),
      '/v1/notifications/unsubscribe?token=a.b.c.d',
      '/v1/notifications/unsubscribe?token=x',
    ]
    const code = 'NOTIFICATIONS_UNSUBSCRIBE_TOKEN_INVALID'
    const form = { headers: { 'content-type': 'application/x-www-form-urlencoded' } }
    for (const one of forged) {
      expect(await expectRefusal(notifications, ['GET', one], 400, code)).toEqual(['/query/token'])
      expect(await notifications.requestRaw('POST', one, 'List-Unsubscribe=One-Click', form)).toMatchObject({
        status: 400,
        body: { code },
      })
    }
    expect(await read(ending.customerId)).toMatchObject({ body: { optOuts: [] } })
    expect(await read(stranger)).toMatchObject({ body: { optOuts: [] } })
  })
})
