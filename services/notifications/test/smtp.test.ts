import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { eventually } from '@tradewind/testkit/eventually'
import { SMTPServer, type SMTPServerOptions } from 'smtp-server'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { maxAttempts, queueNotification } from '../src/domain/notification.ts'
import { createSmtpMailer, type Mailer } from '../src/mail/mailer.ts'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { cancelled, confirmed, newEnding, shipped } from './order-events.ts'

interface Received {
  readonly from: string
  readonly to: readonly string[]
  readonly message: string
}

/** A mail server that takes what comes, or refuses as long as it is told to. */
class MailServer {
  readonly received: Received[] = []
  refusal: Error | undefined
  connections = 0
  /** Takes a mail and never says so. */
  isSilent = false
  #port = 0
  readonly #server: SMTPServer

  constructor(options: SMTPServerOptions = { disabledCommands: ['AUTH', 'STARTTLS'] }) {
    this.#server = new SMTPServer({ ...options, ...this.#handlers() })
  }

  #handlers = (): SMTPServerOptions => ({
    onConnect: (_session, callback) => {
      this.connections += 1
      callback()
    },
    onAuth: (_auth, _session, callback) => callback(refusal(535, 'wrong password')),
    onRcptTo: (_address, _session, callback) => callback(this.refusal),
    onData: (stream, { envelope }, callback) => {
      const parts: Buffer[] = []
      stream.on('data', (part: Buffer) => parts.push(part))
      stream.on('end', () => {
        const from = envelope.mailFrom === false ? '' : envelope.mailFrom.address
        const to = envelope.rcptTo.map(({ address }) => address)
        this.received.push({ from, to, message: Buffer.concat(parts).toString() })
        if (!this.isSilent) callback()
      })
    },
  })

  async start(): Promise<string> {
    const listening: { address: () => AddressInfo | string | null } = this.#server.listen(0, '127.0.0.1')
    await once(this.#server.server, 'listening')
    const address = listening.address()
    if (address === null || typeof address === 'string') throw new Error('the mail server does not listen')
    this.#port = address.port
    return this.url
  }

  get url(): string {
    return `smtp://127.0.0.1:${this.#port}`
  }

  stop(): Promise<void> {
    return new Promise((resolve) => this.#server.close(resolve))
  }
}

/** A refusal that may pass: 450. */
const busy = () => refusal(450, 'busy')
const refusal = (responseCode: number, message: string) => Object.assign(new Error(message), { responseCode })

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
    mails.refusal = busy()
    const ending = newEnding(notifications)
    await notifications.deliver(cancelled(ending))
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'queued', attempts: 1 }])
    expect(eventsOf(ending.orderId)).toEqual([])

    mails.refusal = undefined
    advance(29_000)
    await notifications.app.sweep()
    expect(mails.received).toEqual([])
    advance(1000)
    await notifications.app.sweep()
    await notifications.app.sweep()
    expect(mails.received).toHaveLength(1)
    const [sent] = await notifications.ofOrder(ending.orderId)
    expect(sent).toMatchObject({ status: 'sent', attempts: 2 })
    expect(sent).not.toHaveProperty('failure')
    await notifications.settle()
    expect(eventsOf(ending.orderId)).toEqual(['notifications.notification.sent.v1'])
  })

  test('that is refused is not sent sooner because its event comes again', async () => {
    mails.refusal = busy()
    const ending = newEnding(notifications)
    const event = confirmed(ending)
    await notifications.deliver(event)
    mails.refusal = undefined
    for (let times = 0; times < 5; times += 1) await notifications.deliver(event)
    expect(mails.received).toEqual([])
    advance(30_000)
    await notifications.app.sweep()
    await notifications.deliver(event)
    expect(mails.received).toHaveLength(1)
  })

  test('that is refused for a day is given up, says so once, and is not tried again', async () => {
    mails.refusal = busy()
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
    expect(JSON.stringify(notifications.published)).not.toContain('busy')

    mails.refusal = undefined
    advance(5 * 3_600_000)
    await notifications.app.sweep()
    await notifications.deliver(event)
    expect(mails.received).toEqual([])
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ status: 'failed', attempts: maxAttempts }])
    expect(new Set(eventsOf(ending.orderId))).toEqual(new Set(['notifications.notification.failed.v1']))
  })
})

describe('a mail that the server refuses for good', () => {
  test('for its recipient bounces with the code, and the address is written to no more unless it must be', async () => {
    mails.refusal = refusal(550, 'no such mailbox')
    const ending = newEnding(notifications)
    await notifications.deliver(confirmed(ending))
    await notifications.settle()
    const [bounced] = await notifications.ofOrder(ending.orderId)
    expect(bounced).toMatchObject({
      status: 'bounced',
      attempts: 1,
      bounce: { code: '550' },
      failure: expect.any(String),
    })
    expect(eventsOf(ending.orderId)).toEqual(['notifications.notification.failed.v1'])
    expect(JSON.stringify(notifications.published)).not.toContain('no such mailbox')

    mails.refusal = undefined
    await notifications.deliver(shipped(ending))
    await notifications.deliver(cancelled(ending))
    expect(mails.received).toHaveLength(1)
    const states = (await notifications.ofOrder(ending.orderId)).map(({ template, status }) => [template, status])
    expect(new Map(states.map(([template, status]) => [String(template), status]))).toEqual(
      new Map([
        ['order-confirmed', 'bounced'],
        ['fulfilment-shipped', 'suppressed'],
        ['order-cancelled', 'sent'],
      ]),
    )
    await notifications.app.sweep()
    advance(5 * 3_600_000)
    await notifications.app.sweep()
    expect(mails.received).toHaveLength(1)
  })

  test('because of who we are stays queued: that is for operators to repair', async () => {
    const locked = new MailServer({ authOptional: false })
    const smtpUrl = (await locked.start()).replace('smtp://', 'smtp://me:wrong@')
    const mailer = createSmtpMailer({ url: smtpUrl, from: 'shop@tradewind.local' })
    expect(await mailer.send(mail())).toMatchObject({ kind: 'failed' })
    mailer.close()
    await locked.stop()
  })
})

const mail = () =>
  queueNotification(
    {
      id: newId('ntf'),
      orderId: newId('ord'),
      template: 'fulfilment-shipped',
      to: 'ada@example.org',
      subject: 'A',
      text: 'B',
      html: '<p>B</p>',
      unsubscribeUrl: `https://shop.example/v1/notifications/unsubscribe?token=${'t'.repeat(120)}`,
    },
    1000,
    new Date(),
  )

describe('the mailer', () => {
  test('says how a mail of its kind is switched off, in one step', async () => {
    const mailer = createSmtpMailer({ url: mails.url, from: 'Shop <shop@tradewind.local>' })
    const one = mail()
    expect(await mailer.send(one)).toEqual({ kind: 'taken' })
    const unfolded = mails.received[0]?.message.replaceAll(/\r\n[ \t]+/g, ' ') ?? ''
    expect(headerOf(unfolded, 'List-Unsubscribe')).toBe(`<${one.unsubscribeUrl}>`)
    expect(headerOf(unfolded, 'List-Unsubscribe-Post')).toBe('List-Unsubscribe=One-Click')
    expect(unfolded).toContain('multipart/alternative')
    mailer.close()
  })

  test('keeps a few connections for many mails', async () => {
    const before = mails.connections
    const mailer = createSmtpMailer({ url: mails.url, from: 'shop@tradewind.local' })
    const outcomes = await Promise.all(Array.from({ length: 60 }, () => mailer.send(mail())))
    expect(new Set(outcomes.map(({ kind }) => kind))).toEqual(new Set(['taken']))
    expect(mails.received).toHaveLength(60)
    expect(mails.connections - before).toBeLessThanOrEqual(4)
    mailer.close()
  })

  test('gives back what waits for a connection when the process ends', async () => {
    const silent = new MailServer()
    silent.isSilent = true
    const mailer = createSmtpMailer({ url: await silent.start(), from: 'shop@tradewind.local', socketTimeoutMs: 500 })
    const outcomes = Promise.all(Array.from({ length: 20 }, () => mailer.send(mail())))
    await eventually(() => silent.received.length === 4)
    const begun = performance.now()
    mailer.stopWaiting()
    const reasons = (await outcomes).map((outcome) => ('reason' in outcome ? outcome.reason : ''))
    expect(reasons.filter((reason) => reason === 'the process ends')).toHaveLength(16)
    expect(performance.now() - begun).toBeLessThan(5000)
    mailer.close()
    await silent.stop()
  })

  test('gives a server that is silent up after a while, and nobody knows what became of the mail', async () => {
    const silent = new MailServer()
    silent.isSilent = true
    const mailer = createSmtpMailer({ url: await silent.start(), from: 'shop@tradewind.local', socketTimeoutMs: 200 })
    expect(await mailer.send(mail())).toMatchObject({ kind: 'failed' })
    mailer.close()
    await silent.stop()
  })
})

describe('a crash between handing over and writing that down', () => {
  test('sends the mail again under the same Message-ID, and says once that it is sent', async () => {
    const database = backends.databaseName('crash')
    const smtp = createSmtpMailer({ url: mails.url, from: 'shop@tradewind.local' })
    const crashed = Promise.withResolvers<void>()
    const mailer: Mailer = {
      ...smtp,
      send: async (notification) => {
        await smtp.send(notification)
        crashed.resolve()
        // The process is gone: nothing comes back from here.
        return await new Promise<never>(() => undefined)
      },
    }
    const own = await startBackends()
    const dying = await startNotifications({ ...own, database, mailer })
    const ending = newEnding(dying)
    await dying.publish(confirmed(ending))
    await crashed.promise
    expect(await dying.ofOrder(ending.orderId)).toMatchObject([{ status: 'queued' }])

    const next = await startNotifications({ ...own, database, smtpUrl: mails.url })
    next.clock.now = dying.clock.now
    await next.app.sweep()
    expect(mails.received).toHaveLength(1)
    next.clock.now = new Date(next.clock.now.getTime() + smtp.leaseMs)
    await Promise.all([next.app.sweep(), next.app.sweep()])
    expect(mails.received).toHaveLength(2)
    expect(new Set(mails.received.map(({ message }) => headerOf(message, 'Message-ID'))).size).toBe(1)
    const [sent] = await next.ofOrder(ending.orderId)
    expect(sent).toMatchObject({ status: 'sent' })
    await eventually(() => next.published.some(({ type }) => type === 'notifications.notification.sent.v1'))
    smtp.close()
    await next.stop()
    // The one that crashed is left as it is; its broker and database go.
    await own.stop()
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
