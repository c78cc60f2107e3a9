import { once } from 'node:events'
import { MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'

const received: string[] = []
const refusals: Error[] = []
const server = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onRcptTo: (_address, _session, callback) => callback(refusals.pop()),
  onData: (stream, _session, callback) => {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      received.push(Buffer.concat(parts).toString())
      callback()
    })
  },
})

let backends: Backends
let notifications: NotificationsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const listening = server.listen(0, '127.0.0.1')
  await once(server.server, 'listening')
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('the mail server does not listen')
  const smtpUrl = `smtp://127.0.0.1:${address.port}`
  notifications = await startNotifications({ ...backends, database: backends.databaseName('notifications'), smtpUrl })
})
afterAll(async () => {
  await notifications.stop()
  await new Promise<void>((resolve) => server.close(() => resolve()))
  await backends.stop()
})
beforeEach(() => {
  received.length = 0
})

const secret = 'usr_1.mal_1.0123456789012345678901234567890123456789012'
const kinds = [
  'verify-email',
  'reset-password',
  'password-changed',
  'email-changed',
  'second-factor-changed',
  'registration-attempted',
] as const

/** A mail that auth asks for, and what it answers about it. */
function asked(kind: (typeof kinds)[number], mail: { locale?: 'en' | 'de'; link?: string } = {}) {
  const [userId, mailId] = [newId('usr'), newId('mal')]
  notifications.accountMails.set(mailId, { to: 'ada@example.org', name: 'Ada <b>', ...mail })
  return { userId, mailId, event: MailRequestedV1.create(newId('evt'), { userId, kind, mailId }) }
}

const ofUser = (userId: string) => notifications.db.collection('notifications').find({ customerId: userId }).toArray()
const support = { as: { roles: ['support'] } }

test('every event that the service reacts to is redelivered here', () => {
  expect(notifications.app.onAccountMails.map(({ contract }) => contract.type)).toEqual([MailRequestedV1.type])
})

test.each(kinds)('an event that comes five times is one mail: %s', async (kind) => {
  const { userId, event } = asked(kind, { link: `https://shop.example/${kind}#token=${secret}` })
  await notifications.deliver(event)
  const before = await notifications.contents()
  for (let times = 0; times < 4; times += 1) await notifications.publish(event)
  await notifications.settle()
  expect(await notifications.contents()).toEqual(before)
  expect(received).toHaveLength(1)
  expect(await ofUser(userId)).toMatchObject([{ template: kind, to: 'ada@example.org', status: 'sent', attempts: 1 }])
  expect(notifications.published.filter(({ data }) => JSON.stringify(data).includes(userId))).toEqual([])
})

test('the link reaches the customer, and neither the database nor an operator', async () => {
  const { userId, event } = asked('reset-password', { link: `https://shop.example/reset-password#token=${secret}` })
  await notifications.deliver(event)
  // Quoted-printable breaks lines.
  expect(
    received
      .join('')
      .replaceAll(/=\r?\n/g, '')
      .replaceAll('=3D', '='),
  ).toContain(secret)
  const [kept] = await ofUser(userId)
  expect(JSON.stringify(kept)).not.toContain(secret)
  const id = String(kept?._id)
  const shown = await notifications.request('GET', `/v1/notifications/${id}`, support)
  expect(shown).toMatchObject({
    status: 200,
    body: { id, template: 'reset-password', text: expect.stringContaining('[link]') },
  })
  const listed = await notifications.request('GET', '/v1/notifications', support)
  for (const answer of [shown, listed]) expect(JSON.stringify(answer.body)).not.toContain(secret)
  const headers = { 'idempotency-key': newId('key') }
  const as = { roles: ['operator'] }
  expect(await notifications.request('POST', `/v1/notifications/${id}/resend`, { as, headers })).toMatchObject({
    status: 409,
    body: { code: 'NOTIFICATIONS_ACCOUNT_MAIL' },
  })
})

test('a mail that is tried again asks for its link again', async () => {
  const { userId, mailId, event } = asked('verify-email', { link: 'first' })
  refusals.push(Object.assign(new Error('busy'), { responseCode: 450 }))
  await notifications.deliver(event)
  expect(received).toEqual([])
  notifications.accountMails.set(mailId, { to: 'ada@example.org', name: 'Ada', link: 'second' })
  notifications.clock.now = new Date(notifications.clock.now.getTime() + 60_000)
  await notifications.app.sweep()
  expect(received.join('')).toContain('second')
  expect(await ofUser(userId)).toMatchObject([{ status: 'sent', attempts: 2 }])
})

test('a mail whose link was used or replaced is not sent', async () => {
  const { userId, mailId, event } = asked('verify-email', { link: 'first' })
  notifications.accountMails.delete(mailId)
  await notifications.deliver(event)
  expect([received, await ofUser(userId)]).toEqual([[], []])

  const later = asked('verify-email', { link: 'first' })
  refusals.push(Object.assign(new Error('busy'), { responseCode: 450 }))
  await notifications.deliver(later.event)
  notifications.accountMails.delete(later.mailId)
  notifications.clock.now = new Date(notifications.clock.now.getTime() + 60_000)
  await notifications.app.sweep()
  expect(received).toEqual([])
  expect(await ofUser(later.userId)).toMatchObject([{ status: 'failed', failure: 'it is worth nothing any more' }])
})

test('speaks the customer’s language, and lets no name be markup', async () => {
  const { event } = asked('password-changed', { locale: 'de' })
  await notifications.deliver(event)
  const mail = received.join('').replaceAll(/=\r?\n/g, '')
  expect(mail).toContain('Guten Tag Ada')
  expect(mail).toContain('Ada &lt;b&gt;')
})
