import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maxAttempts } from '../src/domain/notification.ts'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { cancelled, confirmed, newEnding } from './order-events.ts'

interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
}

/** A mail server that takes what comes, or refuses as long as it is told to. */
class MailServer {
  readonly received: Received[] = []
  refusal: Error | undefined
  #port = 0
  readonly #server = new SMTPServer({
    disabledCommands: ['AUTH', 'STARTTLS'],
    onRcptTo: (_address, _session, callback) => callback(this.refusal),
    onData: (stream, { envelope }, callback) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const to = envelope.rcptTo.map(({ address }) => address)
        this.received.push({ from, to, message: Buffer.concat(parts).toString() })
        callback()
      })
    },
  })

  async start(): Promise<string> {
    const listening: { address: () => AddressInfo | string | null } = this.#server.listen(0, '127.0.0.1')
    await once(this.#server.server, 'listening')
    const address = listening.address()
    if (address === null || typeof address === 'string') throw new Error('the mail server does not listen')
    this.#port = address.port
    return `smtp://127.0.0.1:${this.#port}`
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve))
  }
}

const mails = new MailServer()
let backends: Backends
let notifications: NotificationsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const smtpUrl = await mails.start()
  notifications = await startNotifications({ ...backends, database: backends.databaseName('notifications'), smtpUrl })
})
afterAll(async () => {
  await notifications.stop()
  await mails.stop()
  await backends.stop()
})
beforeEach(() => {
  mails.refusal = undefined
  mails.received.length = 0
})

const advance = (milliseconds: number) => {
  notifications.clock.now = new Date(notifications.clock.now.getTime() + milliseconds)
}
const headerOf = (message: string, name: string) => new RegExp(`^${name}: (.*)$`, 'im').exec(message)?.[1]?.trim()
const eventsOf = (orderId: string) =>
  notifications.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ type }) => type)

describe('a mail', () => {
  test('reaches the mail server once, however often its event comes', async () => {
    const ending = newEnding(notifications)
    const event = confirmed(ending)
    for (let times = 0; times < 3; times += 1) await notifications.deliver(event)
    await notifications.app.sweep()
    expect(mails.received).toHaveLength(1)
    const [mail] = mails.received
    const message = mail?.message ?? ''
    expect(mail).toMatchObject({ from: 'shop@tradewind.local', to: ['order@example.org'] })
    const [stored] = await notifications.ofOrder(ending.orderId)
    expect(headerOf(message, 'Subject')).toBe('Your order TW-1000001 is confirmed')
    expect(headerOf(message, 'Message-ID')).toBe(`<${stored?.id}@tradewind.local>`)
    expect(eventsOf(ending.orderId)).toContain('notifications.notification.sent.v1')
  })

  test('that is refused stays queued, is told to nobody, and is sent by the sweeper in time', async () => {
    mails.refusal = new Error('busy')
    const ending = newEnding(notifications)
    await notifications.deliver(cancelled(ending))
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'queued', attempts: 1 }])
    expect(eventsOf(ending.orderId)).toEqual([])

    mails.refusal = undefined
    advance(30_000)
    await notifications.app.sweep()
    expect(mails.received).toEqual([])
    advance(10_000)
    await notifications.app.sweep()
    await notifications.app.sweep()
    expect(mails.received).toHaveLength(1)
    const [sent] = await notifications.ofOrder(ending.orderId)
    expect(sent).toMatchObject({ status: 'sent', attempts: 2 })
    expect(sent).not.toHaveProperty('failure')
    await notifications.settle()
    expect(eventsOf(ending.orderId)).toEqual(['notifications.notification.sent.v1'])
  })

  test('that is refused is sent when its event comes again', async () => {
    mails.refusal = new Error('busy')
    const ending = newEnding(notifications)
    const event = confirmed(ending)
    await notifications.deliver(event)
    mails.refusal = undefined
    await notifications.deliver(event)
    await notifications.deliver(event)
    expect(mails.received).toHaveLength(1)
  })

  test('that is refused for a day is given up, says so once, and is not tried again', async () => {
    mails.refusal = new Error('no such mailbox')
    const ending = newEnding(notifications)
    const event = confirmed(ending)
    await notifications.deliver(event)
    for (let attempt = 1; attempt < maxAttempts; attempt += 1) {
      expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'queued', attempts: attempt }])
      advance(5 * 3_600_000)
      await notifications.app.sweep()
    }
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'failed', attempts: maxAttempts }])
    await notifications.settle()
    expect(eventsOf(ending.orderId)).toEqual(['notifications.notification.failed.v1'])
    expect(JSON.stringify(notifications.published)).not.toContain('no such mailbox')

    mails.refusal = undefined
    advance(5 * 3_600_000)
    await notifications.app.sweep()
    await notifications.deliver(event)
    expect(mails.received).toEqual([])
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'failed', attempts: maxAttempts }])
    expect(new Set(eventsOf(ending.orderId))).toEqual(new Set(['notifications.notification.failed.v1']))
  })
})

test('a mail server that is not there is one that refuses', async () => {
  const gone = new MailServer()
  const smtpUrl = await gone.start()
  await gone.stop()
  const alone = await startNotifications({ ...backends, database: backends.databaseName('alone'), smtpUrl })
  const ending = newEnding(alone)
  // Either of the two processes may be the one that is asked.
  for (const [id, address] of alone.addresses) notifications.addresses.set(id, address)
  const handler = alone.app.onOrders.find(({ contract }) => contract.type === confirmed(ending).type)
  await handler?.handle({ ...confirmed(ending), time: new Date() })
  expect(await alone.ofOrder(ending.orderId)).toMatchObject([{ status: 'queued', attempts: 1 }])
  await alone.stop()
})
