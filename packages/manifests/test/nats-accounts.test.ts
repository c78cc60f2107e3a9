import { copyFile, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { ApiKeyTokenQueryV1 } from '@tradewind/contracts/api-keys'
import { UserContactQueryV1 } from '@tradewind/contracts/auth'
import { AccountMailQueryV1, MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import { deadLetterReplayQuery } from '@tradewind/contracts/dead-letters'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import type { ServiceName } from '@tradewind/contracts/route'
import { findNatsServer } from '@tradewind/launcher/nats-server'
import { launch, type RunningProcess } from '@tradewind/launcher/process'
import { connectMessaging, type Messaging } from '@tradewind/messaging/connection'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { ensureConsumer, removeConsumer, streamOf } from '@tradewind/messaging/streams'
import { publicEvents } from '@tradewind/notifications/events/on-public-event.ts'
import { createLogger } from '@tradewind/service-kit/log'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

const root = resolve(import.meta.dirname, '../../..')
const logger = createLogger({ name: 'test', level: 'silent' })
const owners = ['auth', 'inventory', 'orders', 'payments', 'notifications'] as const
const everybody = [...owners, 'gateway'] as const
type User = (typeof everybody)[number]

interface Consumer {
  readonly from: ServiceName
  readonly name: string
  readonly filter: string
}

/** Contracts whose subject is a filter. */
const subjectOf: Readonly<Record<string, string>> = { MailRequestedV1: MailRequestedV1.type }

/** The questions that a service asks, read from where it asks them. */
async function questionsOf(service: User): Promise<readonly string[]> {
  const source = await readFile(join(root, 'services', service, 'src/main.ts'), 'utf8')
  return [...source.matchAll(/askQuery\(\w+, (\w+)\)/g)].map(([, contract = '']) => {
    const subject = queries.get(contract)
    if (subject === undefined) throw new Error(`the question ${contract} is not known here`)
    return subject
  })
}

const queries = new Map(
  Object.entries({ AccountMailQueryV1, ApiKeyTokenQueryV1, OrderContactQueryV1, UserContactQueryV1 }).map(
    ([name, { subject }]) => [name, subject],
  ),
)

/** The consumers that a service's process starts, read from where it starts them. */
async function consumersOf(service: User): Promise<readonly Consumer[]> {
  const source = await readFile(join(root, 'services', service, 'src/main.ts'), 'utf8')
  const written = [
    ...source.matchAll(/subscribe\(\{\s*from: '(\w+)',\s*name: '([\w-]+)',\s*filter: (?:'([^']+)'|(\w+)\.type)/g),
  ]
  const listed = source.includes('of publicEvents')
    ? publicEvents.map(({ from, filter }) => ({ from, name: `webhooks-${from}`, filter }))
    : []
  const found = written.flatMap(([, from, name = '', subject, contract = '']) => {
    const owner = owners.find((one) => one === from)
    const filter = subject ?? subjectOf[contract]
    return owner === undefined || filter === undefined ? [] : [{ from: owner, name, filter }]
  })
  // A consumer that is written in another way must not go unseen.
  expect(found.length + (listed.length > 0 ? 1 : 0)).toBe(source.split('messaging.subscribe(').length - 1)
  return [...found, ...listed]
}

describe('accounts of the broker', () => {
  let folder = ''
  let server: RunningProcess
  let address = ''
  const open: Messaging[] = []

  const connectAs = async (user: User, password = `local-only-${user}`) => {
    const messaging = await connectMessaging({ url: `nats://${user}:${password}@${address}`, service: user, logger })
    open.push(messaging)
    return messaging
  }

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'tradewind-accounts-'))
    await mkdir(join(folder, 'ports'))
    await copyFile(join(root, 'k8s/bases/nats/accounts.conf'), join(folder, 'accounts.conf'))
    const settings = [
      'host: "127.0.0.1"',
      'port: -1',
      `ports_file_dir: ${JSON.stringify(join(folder, 'ports'))}`,
      `jetstream { store_dir: ${JSON.stringify(join(folder, 'data'))} }`,
      'include accounts.conf',
    ]
    await writeFile(join(folder, 'nats.conf'), settings.join('\n'))
    const passwords = [...everybody, 'system'].map((user) => [
      `NATS_PASSWORD_${user.toUpperCase()}`,
      `local-only-${user}`,
    ])
    server = await launch({
      name: 'nats',
      command: (await findNatsServer()).path,
      args: ['--config', join(folder, 'nats.conf')],
      env: { ...process.env, ...Object.fromEntries(passwords) },
      logFile: join(folder, 'nats-server.log'),
      leash: 'pipe',
    })
    address = await eventually(async () => {
      const [file = ''] = await readdir(join(folder, 'ports'))
      const found = /nats:\/\/([^"]+)"/.exec(await readFile(join(folder, 'ports', file), 'utf8'))?.[1]
      if (found === undefined) throw new Error('the server does not listen yet')
      return found
    })
  })

  afterAll(async () => {
    await Promise.all(open.map((messaging) => messaging.close()))
    await server.stop()
    await rm(folder, { recursive: true, force: true })
  })

  it('let each service in, publish its own events, and use the consumers that it starts', async () => {
    let used = 0
    for (const user of everybody) {
      const reader = await connectAs(user)
      await reader.ping()
      for (const { from, name, filter } of await consumersOf(user)) {
        const durable = `${user}-${name}`
        await ensureConsumer(reader.manager, { stream: streamOf(from), durable, filter, maxUnderWay: 1 })
        const owner = await connectAs(from)
        await owner.client.publish(filter.replace('>', `for-${user}.v1`), '{}')
        const consumer = await reader.client.consumers.get(streamOf(from), durable)
        const message = await consumer.next({ expires: 5000 })
        expect(await message?.ackAck()).toBe(true)
        // Those of outgoing webhooks are there only while somebody wants them.
        if (name.startsWith('webhooks-')) await removeConsumer(reader.manager, streamOf(from), durable)
        used++
      }
    }
    expect(used).toBeGreaterThanOrEqual(18)
  })

  it('let whoever has a question ask it, and its owner answer', async () => {
    for (const user of everybody) {
      const asking = await connectAs(user)
      for (const subject of await questionsOf(user)) {
        const owner = owners.find((one) => subject.startsWith(`query.${one}.`))
        if (owner === undefined) throw new Error(`nobody owns ${subject}`)
        const { connection } = await connectAs(owner)
        connection.subscribe(subject, { queue: owner, callback: (_, message) => void message.respond('heard') })
        await connection.flush()
        expect((await asking.connection.request(subject, '{}', { timeout: 2000 })).string()).toBe('heard')
      }
    }
  })

  it('let orders have dead letters replayed by whoever gave them up, and remove them', async () => {
    const orders = await connectAs('orders')
    for (const owner of owners) {
      const messaging = await connectAs(owner)
      const { seq } = await messaging.client.publish(`dead-letter.${owner}.${owner}-probe`, '{}')
      const { find } = openDeadLetters(messaging)
      const subject = deadLetterReplayQuery(owner).subject
      messaging.connection.subscribe(subject, { queue: owner, callback: (_, message) => void message.respond('heard') })
      await messaging.connection.flush()
      expect(await find(seq)).toMatchObject({ service: owner })
      expect((await orders.connection.request(subject, '{}', { timeout: 2000 })).string()).toBe('heard')
      await openDeadLetters(orders).remove(seq)
      expect(await find(seq)).toBeUndefined()
    }
    await expect(openDeadLetters(await connectAs('payments')).remove(1)).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/)
  })

  it('refuse a service that publishes what another one has to say', async () => {
    for (const user of everybody) {
      const { client } = await connectAs(user)
      for (const owner of owners.filter((one) => one !== user))
        await expect(client.publish(`${owner}.forged.thing.v1`, '{}', { timeout: 2000, retries: 0 })).rejects.toThrow(
          /[Pp]ermissions? [Vv]iolation/,
        )
    }
  })

  it('refuse a service that would read the answers to another one, or all events', async () => {
    const { connection } = await connectAs('payments')
    for (const subject of ['_INBOX.>', '_INBOX.orders.>', 'orders.>', '>', 'query.auth.user-contact.v1']) {
      const refused = Promise.withResolvers<Error | null>()
      connection.subscribe(subject, { callback: (error) => refused.resolve(error) })
      expect(String(await refused.promise)).toMatch(/[Pp]ermissions? [Vv]iolation/)
    }
  })

  it('refuse to let a service change or delete a stream, or use the consumer of another one', async () => {
    const { manager, client } = await connectAs('gateway')
    await expect(manager.streams.delete('ORDERS')).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/)
    await expect(manager.streams.purge('ORDERS')).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/)
    await expect(client.consumers.get('ORDERS', 'inventory-orders')).rejects.toThrow(/[Pp]ermissions? [Vv]iolation/)
  })

  it('refuse a wrong password', async () => {
    await expect(connectAs('orders', 'local-only-payments')).rejects.toThrow(/[Aa]uthorization/)
  })
})
