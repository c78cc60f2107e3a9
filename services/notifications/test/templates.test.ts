import { MailTemplate } from '@tradewind/contracts/notifications'
import { newId } from '@tradewind/service-kit/ids'
import { expectRefusal } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { builtInWords } from '../src/domain/built-in-templates.ts'
import { categoryOf, locales, placeholdersOf, templates } from '../src/domain/mail-template.ts'
import { exampleFacts, mailView } from '../src/domain/mail-view.ts'
import { templateLanguage } from '../src/mail/template-language.ts'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { confirmed, newEnding, returnRejected } from './order-events.ts'
import { shaped } from './shaped.ts'

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

const as = { roles: ['operator'], userId: newId('usr') }
const words = { subject: 'Order {{number}}', text: 'Dear customer: {{number}}', html: '<p>{{number}}</p>' }
const publish = (place: string, body: object, ifMatch?: string) =>
  notifications.request('PUT', `/v1/notifications/templates/${place}`, {
    as,
    body,
    ...(ifMatch !== undefined && { headers: { 'if-match': ifMatch } }),
  })
const read = (place: string) => notifications.request('GET', `/v1/notifications/templates/${place}`, { as })

describe('the built-in words', () => {
  test.each(templates.flatMap((template) => locales.map((locale) => [template, locale] as const)))(
    '%s in %s can be used and leave no placeholder',
    (template, locale) => {
      const own = builtInWords(template, locale)
      expect(templateLanguage.faults(own, placeholdersOf[template])).toEqual([])
      const url = 'https://shop.example/stop?a=1&b=2'
      const written = templateLanguage.render(own, mailView(exampleFacts, locale, url))
      expect(JSON.stringify(written)).not.toMatch(/\{\{|\}\}|undefined|\[object/)
      const isOfOrder = 'number' in placeholdersOf[template]
      expect(written.subject.includes('TW-1000001')).toBe(isOfOrder)
      expect(written.html).toContain(`<html lang="${locale}">`)
      const isOptional = categoryOf(template) !== undefined
      expect([written.text.includes(url), written.html.includes('b&#x3D;2')]).toEqual([isOptional, isOptional])
    },
  )

  test('name money as the language does', () => {
    const german = templateLanguage.render(
      builtInWords('order-confirmed', 'de'),
      mailView(exampleFacts, 'de', undefined),
    )
    expect(german.text).toContain('Summe: 25,99\u00a0€')
  })
})

describe('a template', () => {
  test('is listed in every language with what it can name', async () => {
    const answer = await notifications.request('GET', '/v1/notifications/templates', { as })
    const { items } = JSON.parse(JSON.stringify(answer.body))
    expect(items).toHaveLength(templates.length * locales.length)
    expect(items).toContainEqual({
      template: 'fulfilment-shipped',
      locale: 'de',
      version: 0,
      subject: 'Ihre Bestellung {{number}} ist unterwegs',
      placeholders: [
        'number',
        'lines[].title',
        'lines[].quantity',
        'tracking[].carrier',
        'tracking[].code',
        'tracking[].url',
        'unsubscribeUrl',
      ],
    })
  })

  test('is published as a new version; mails say which one they were written with', async () => {
    const place = 'order-confirmed/en'
    const before = await read(place)
    expect(before).toMatchObject({ status: 200, headers: { etag: '"0"' }, body: { version: 0 } })
    const first = newEnding(notifications)
    await notifications.deliver(confirmed(first))

    const published = await publish(place, words, '"0"')
    expect(published).toMatchObject({ status: 200, headers: { etag: '"1"' } })
    expect(shaped(MailTemplate, published.body)).toMatchObject({ ...words, version: 1, publishedBy: as.userId })
    const second = newEnding(notifications)
    await notifications.deliver(confirmed(second))
    await publish(place, { ...words, subject: 'Now {{number}}' }, '"1"')

    expect(await notifications.ofOrder(first.orderId)).toMatchObject([{ templateVersion: 0, locale: 'en' }])
    expect(await notifications.ofOrder(second.orderId)).toMatchObject([
      { templateVersion: 1, subject: 'Order TW-1000001', text: 'Dear customer: TW-1000001' },
    ])
    for (const [version, subject] of [
      [0, 'Your order {{number}} is confirmed'],
      [1, words.subject],
      [2, 'Now {{number}}'],
    ])
      expect((await read(`${place}/versions/${version}`)).body).toMatchObject({ version, subject })
    expect((await read(place)).body).toMatchObject({ version: 2 })
    expect(await read(`${place}/versions/3`)).toMatchObject({
      status: 404,
      body: { code: 'NOTIFICATIONS_TEMPLATE_VERSION_NOT_FOUND' },
    })
    expect(await read('order-confirmed/de')).toMatchObject({ body: { version: 0 } })
  })

  test('is not published over somebody else’s version', async () => {
    const place = 'order-expired/de'
    const answers = await Promise.all(Array.from({ length: 5 }, () => publish(place, words, '"0"')))
    expect(answers.filter(({ status }) => status === 200)).toHaveLength(1)
    expect(answers.filter(({ status }) => status === 412)).toHaveLength(4)
    const unconditional = await Promise.all(Array.from({ length: 5 }, () => publish(place, words)))
    expect(new Set(unconditional.map(({ headers }) => headers['etag']))).toEqual(
      new Set(['"2"', '"3"', '"4"', '"5"', '"6"']),
    )
  })

  test.each([
    ['html', '<p>{{nmber}}</p>', /^\{\{nmber\}\} at \d+ is not known here; there are number, lines, total$/],
    ['text', '{{#lines}}{{price}}{{/lines}}', /^\{\{price\}\} at \d+ is not known here/],
    ['text', '{{title}}', /is not known here/],
    ['text', '{{lines}}', /is a section: write \{\{#lines\}\}/],
    ['text', '{{#lines}}{{#lines}}{{title}}{{/lines}}{{/lines}}', /is not known here/],
    ['text', '{{constructor}}', /is not known here/],
    ['text', '{{number.length}}', /is not known here/],
    ['text', '{{#lines}}', /Unclosed section "lines"/],
    ['text', '{{/lines}}', /Unopened section "lines"/],
    ['text', '{{number', /Unclosed tag/],
    ['html', '<p>{{{number}}}</p>', /would not be escaped/],
    ['html', '<p>{{&number}}</p>', /would not be escaped/],
    ['html', '{{> other}}', /is not supported/],
    ['text', '{{=<% %>=}}<% number %>', /is not supported/],
    ['subject', 'Order {{secret}}', /is not known here/],
  ])('whose %s is %s is refused with its place, and nothing is written', async (part, text, detail) => {
    const place = 'order-confirmed/de'
    const body = { ...words, [part]: text }
    const url = `/v1/notifications/templates/${place}`
    const code = 'NOTIFICATIONS_TEMPLATE_INVALID'
    expect(await expectRefusal(notifications, ['PUT', url, { as, body }], 400, code)).toEqual([`/${part}`])
    expect((await publish(place, body)).body).toMatchObject({
      errors: [{ pointer: `/${part}`, detail: expect.stringMatching(detail) }],
    })
    const draft = { as, body: { draft: body } }
    expect(await expectRefusal(notifications, ['POST', `${url}/preview`, draft], 400, code)).toEqual([`/draft/${part}`])
  })
})

describe('what customers and operators write', () => {
  test('is escaped in HTML, and stays as it is in text', async () => {
    const ending = newEnding(notifications)
    await notifications.deliver(returnRejected(ending))
    const [mail] = await notifications.ofOrder(ending.orderId)
    expect(mail?.text).toContain('It was <used>.\n')
    expect(mail?.html).toContain('<p>It was &lt;used&gt;.</p>')
  })

  test.each(['TW-1\r\nBcc: everybody@example.org', 'TW-1\nX: y', 'TW-1\u2028X', 'TW-1\u0000\u001b[2J', 'TW-1\u0085X'])(
    'begins no header: %j',
    (number) => {
      const { subject } = templateLanguage.render(words, mailView({ ...exampleFacts, number }, 'en', undefined))
      expect(subject).not.toMatch(/[\p{Cc}\p{Zl}\p{Zp}]/u)
    },
  )

  test('leads nowhere but to the web', () => {
    const tracking = { carrier: 'C', code: '1', url: 'javascript:alert(1)' }
    const written = templateLanguage.render(
      builtInWords('fulfilment-shipped', 'en'),
      mailView({ ...exampleFacts, tracking }, 'en', undefined),
    )
    expect(JSON.stringify(written)).not.toContain('javascript')
  })
})

describe('a preview', () => {
  const preview = async (place: string, body: object) =>
    await notifications.request('POST', `/v1/notifications/templates/${place}/preview`, { as, body })

  test('shows an example, an order, or a draft, and sends nothing', async () => {
    const before = await notifications.contents()
    expect((await preview('order-cancelled/de', {})).body).toMatchObject({
      subject: 'Ihre Bestellung TW-1000001 ist storniert',
      text: expect.stringContaining('Sie haben sie storniert.'),
    })
    const draft = { subject: 'S', text: 'T {{total}}', html: '<b>{{#lines}}{{title}};{{/lines}}</b>' }
    expect((await preview('order-cancelled/de', { draft })).body).toEqual({
      subject: 'S',
      text: 'T 25,99\u00a0€',
      html: '<b>Mug, Blue;Pen &amp; Ink;</b>',
    })
    expect(await notifications.contents()).toEqual(before)

    const ending = newEnding(notifications)
    await notifications.deliver(confirmed(ending))
    expect((await preview('order-edited/en', { orderId: ending.orderId })).body).toMatchObject({
      text: expect.stringContaining('  2 × Mug, Blue: €25.00\n'),
    })
    expect(await preview('order-edited/en', { orderId: newId('ord') })).toMatchObject({ status: 404 })
  })
})
