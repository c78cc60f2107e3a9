import { headers as createHeaders } from '@nats-io/nats-core'
import { defineEvent } from '@tradewind/contracts/event'
import { defineQuery } from '@tradewind/contracts/query'
import { currentTraceparent } from '@tradewind/service-kit/trace'
import { eventually } from '@tradewind/testkit/eventually'
import { Type } from 'typebox'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { connectMessaging, type Messaging } from '../src/connection.ts'
import { on, type ReceivedEvent, type SubscriptionOptions, subscribe } from '../src/consumer.ts'
import { answerQuery, askQuery } from '../src/query.ts'
import { startRelay } from '../src/relay.ts'
import { deadLetterStream } from '../src/streams.ts'
import { silent, startBroker, type TestBroker } from './broker.ts'
import { createMemoryOutbox } from './memory-outbox.ts'

const Happened = defineEvent('orders.probe.happened.v1', Type.Object({ n: Type.Integer() }))
type Happened = ReceivedEvent<{ n: number }>

let broker: TestBroker
let messaging: Messaging
const closers: (() => Promise<unknown>)[] = []

beforeEach(async () => {
  broker = await startBroker()
  messaging = await connectMessaging({ url: broker.url, service: 'orders', logger: silent })
})
afterEach(async () => {
  for (const close of closers.splice(0).toReversed()) await close()
  await messaging.connection.close()
  await broker.stop()
})

const now = () => new Date()

function startRelaying() {
  const outbox = createMemoryOutbox()
  const relay = startRelay(messaging, [outbox], now)
  closers.push(() => relay.close())
  return { outbox, relay }
}

function listen(handle: (event: Happened) => Promise<unknown>, options: Partial<SubscriptionOptions> = {}) {
  const subscription = subscribe(messaging, {
    from: 'orders',
    name: 'probe',
    filter: 'orders.probe.>',
    handlers: [on(Happened, handle)],
    isTransient: () => false,
    dependencies: () => Promise.resolve(),
    ...options,
  })
  closers.push(() => subscription.close())
  return subscription
}

/** Puts a message into the stream as another program might. */
const publishRaw = (subject: string, body: string | Uint8Array, headers: Record<string, string> = {}) => {
  const given = { 'ce-id': crypto.randomUUID(), 'ce-type': subject, 'ce-time': now().toISOString(), ...headers }
  const attributes = createHeaders()
  for (const [name, value] of Object.entries(given)) attributes.set(name, value)
  return messaging.client.publish(subject, body, { headers: attributes })
}

async function deadLetters() {
  const { state } = await messaging.manager.streams.info(deadLetterStream)
  const found = []
  for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
    found.push(await messaging.manager.streams.getMessage(deadLetterStream, { seq }))
  }
  return found
}

describe('relay and consumer', () => {
  test('work on no more messages at once than allowed, and on more as soon as more are', async () => {
    const gate = Promise.withResolvers<void>()
    const started: number[] = []
    const handle = async ({ data }: Happened) => {
      started.push(data.n)
      await gate.promise
    }
    const { outbox } = startRelaying()
    const small = listen(handle, { maxUnderWay: 2 })
    for (let n = 0; n < 6; n += 1) outbox.add(Happened.type, { n })
    const state = async () => {
      const info = await messaging.manager.consumers.info('ORDERS', 'orders-probe')
      return [info.num_ack_pending, info.num_pending]
    }
    await eventually(async () => (await state()).join() === '2,4')
    // The broker counts what is still on its way to us, too.
    await eventually(() => started.length === 2)
    expect(await state()).toEqual([2, 4])
    const large = listen(handle, { maxUnderWay: 5 })
    await eventually(async () => (await state()).join() === '5,1')
    gate.resolve()
    await eventually(async () => (await state()).join() === '0,0')
    expect(new Set(started)).toEqual(new Set([0, 1, 2, 3, 4, 5]))
    await Promise.all([small.close(), large.close()])
  })

  test('carry an event with its CloudEvents attributes and its trace', async () => {
    const received: (Happened & { trace: string | undefined })[] = []
    listen(async (event) => received.push({ ...event, trace: currentTraceparent() }))
    const { outbox } = startRelaying()
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    const id = outbox.add(Happened.type, { n: 1 }, { traceparent })
    const [event] = await eventually(() => received.length === 1 && received)
    expect(event).toMatchObject({ id, type: Happened.type, data: { n: 1 } })
    expect(event?.trace).toContain('0af7651916cd43dd8448eb211c80319c')
    const stored = await messaging.manager.streams.getMessage('ORDERS', { last_by_subj: Happened.type })
    expect(stored?.header.get('ce-source')).toBe('/tradewind/orders')
    expect(stored?.header.get('ce-specversion')).toBe('1.0')
  })

  test('mark an entry only after the broker acknowledged it', async () => {
    const { outbox } = startRelaying()
    const id = outbox.add(Happened.type, { n: 1 })
    await eventually(() => outbox.marked.has(id))
    const { state } = await messaging.manager.streams.info('ORDERS')
    expect(state.messages).toBe(1)
  })

  test('publish what a crash left behind, without an announcement', async () => {
    const outbox = createMemoryOutbox()
    const id = outbox.add(Happened.type, { n: 1 }, { announced: false })
    const relay = startRelay(messaging, [outbox], () => new Date(Date.now() + 1000))
    closers.push(() => relay.close())
    await eventually(() => outbox.marked.has(id))
  })

  test('deliver again what a handler failed at, and go on with its neighbours', async () => {
    const seen: number[] = []
    let failures = 2
    listen(async ({ data: { n } }) => {
      if (n === 1 && failures-- > 0) throw new Error('not yet')
      seen.push(n)
    })
    const { outbox } = startRelaying()
    for (const n of [1, 2, 3]) outbox.add(Happened.type, { n })
    await eventually(() => seen.length === 3)
    expect(new Set(seen)).toEqual(new Set([1, 2, 3]))
    expect(await deadLetters()).toEqual([])
  })

  test('survive a broker that is killed and comes back', async () => {
    const seen = new Set<number>()
    listen(async ({ data: { n } }) => seen.add(n))
    const { outbox } = startRelaying()
    outbox.add(Happened.type, { n: 1 })
    await eventually(() => seen.has(1))
    await broker.kill()
    outbox.add(Happened.type, { n: 2 })
    await broker.restart()
    outbox.add(Happened.type, { n: 3 })
    await eventually(() => seen.has(2) && seen.has(3), { timeoutMs: 25_000 })
  })

  test('survive a broker that comes back with nothing', async () => {
    const seen = new Set<number>()
    listen(async ({ data: { n } }) => seen.add(n))
    const { outbox } = startRelaying()
    outbox.add(Happened.type, { n: 1 })
    await eventually(() => seen.has(1))
    await broker.kill()
    await broker.restart({ empty: true })
    outbox.add(Happened.type, { n: 2 })
    await eventually(() => seen.has(2), { timeoutMs: 25_000 })
  })

  test('bring back what a broker that comes back with nothing had acknowledged', async () => {
    const { outbox } = startRelaying()
    const ids = [1, 2, 3].map((n) => outbox.add(Happened.type, { n }))
    await eventually(() => ids.every((id) => outbox.marked.has(id)))
    await broker.kill()
    await broker.restart({ empty: true })
    const seen = new Set<number>()
    listen(async ({ data: { n } }) => seen.add(n))
    await eventually(() => seen.size === 3, { timeoutMs: 25_000 })
  })

  test('bring back what is missing although the process that published it is gone, too', async () => {
    const { outbox, relay } = startRelaying()
    const id = outbox.add(Happened.type, { n: 1 })
    await eventually(() => outbox.marked.has(id))
    await relay.close()
    await broker.kill()
    await broker.restart({ empty: true })
    const seen = new Set<number>()
    listen(async ({ data: { n } }) => seen.add(n))
    const next = startRelay(messaging, [outbox], now)
    closers.push(() => next.close())
    await eventually(() => seen.has(1), { timeoutMs: 25_000 })
  })

  test('deliver nothing while nobody wants it, and all of it from then on', async () => {
    const seen: number[] = []
    let since: Date | undefined
    let asked = 0
    const wantedSince = () => {
      asked += 1
      return Promise.resolve(since)
    }
    const subscription = listen(async ({ data: { n } }) => seen.push(n), { wantedSince })
    const { outbox } = startRelaying()
    const isThere = () => messaging.manager.consumers.info('ORDERS', subscription.durable).then(() => true)
    const first = outbox.add(Happened.type, { n: 1 })
    await eventually(() => outbox.marked.has(first) && asked > 0)
    await expect(isThere()).rejects.toThrow('not found')
    expect(await subscription.waiting()).toBe(0)

    const beginning = Date.now() + 1
    await eventually(() => Date.now() > beginning)
    since = new Date(beginning)
    outbox.add(Happened.type, { n: 2 })
    outbox.add(Happened.type, { n: 3 })
    await eventually(() => seen.length === 2)
    expect(seen).toEqual([2, 3])

    // Another beginning changes nothing of a consumer that is there.
    const again = listen(async ({ data: { n } }) => seen.push(n), { wantedSince: async () => new Date(0) })
    outbox.add(Happened.type, { n: 4 })
    await eventually(() => seen.includes(4))
    await again.close()
    expect(new Set(seen)).toEqual(new Set([2, 3, 4]))
    expect(seen).toHaveLength(3)

    since = undefined
    await eventually(() =>
      isThere().then(
        () => false,
        () => true,
      ),
    )
    await subscription.check()
  })

  test('deliver again at once what somebody asks for again', async () => {
    const seen: string[] = []
    listen(async ({ id }) => seen.push(id))
    const { outbox } = startRelaying()
    const id = outbox.add(Happened.type, { n: 1 })
    await eventually(() => seen.length === 1)
    outbox.askAgain(id)
    await eventually(() => seen.length === 2)
    expect(seen).toEqual([id, id])
  })

  test('wait for a dependency that is away without using up deliveries', async () => {
    const seen: number[] = []
    let isAway = true
    let looks = 0
    listen(
      async ({ data: { n } }) => {
        if (isAway) throw new Error('database away')
        seen.push(n)
      },
      {
        isTransient: () => true,
        dependencies: async () => {
          looks += 1
          if (isAway && looks > 1) throw new Error('still away')
        },
      },
    )
    const { outbox } = startRelaying()
    outbox.add(Happened.type, { n: 1 })
    await eventually(() => looks > 3)
    isAway = false
    await eventually(() => seen.length === 1)
    expect(await deadLetters()).toEqual([])
  })
})

describe('poison', () => {
  const poison: [string, () => Promise<unknown>, RegExp][] = [
    ['bad JSON', () => publishRaw(Happened.type, '{"n":'), /not JSON/],
    ['data of the wrong shape', () => publishRaw(Happened.type, '{"n":"1"}'), /\/n/],
    ['an unknown version', () => publishRaw('orders.probe.happened.v9', '{"n":1}'), /unknown version/],
    ['no CloudEvents attributes', () => publishRaw(Happened.type, '{"n":1}', { 'ce-id': '' }), /attributes/],
    [
      'a type that is not its subject',
      () => publishRaw(Happened.type, '{"n":1}', { 'ce-type': 'orders.probe.other.v1' }),
      /under subject/,
    ],
    ['half a megabyte', () => publishRaw(Happened.type, new Uint8Array(500_000)), /not JSON/],
  ]
  test.each(poison)(
    '%s goes to the dead letters with its reason, and its neighbours go on',
    async (_, publish, reason) => {
      const seen: number[] = []
      listen(async ({ data: { n } }) => seen.push(n))
      await publish()
      await publishRaw(Happened.type, '{"n":7}')
      await eventually(() => seen.length === 1)
      const [letter] = await eventually(async () => {
        const found = await deadLetters()
        return found.length > 0 && found
      })
      expect(letter?.header.get('dead-letter-reason')).toMatch(reason)
      expect(letter?.subject).toBe('dead-letter.orders.orders-probe')
    },
  )

  test('a handler that always throws gives up after its deliveries', async () => {
    let calls = 0
    let givenUp = 0
    listen(
      async () => {
        calls += 1
        throw new Error('never')
      },
      { maxDeliveries: 3, onDeadLetter: () => (givenUp += 1) },
    )
    await publishRaw(Happened.type, '{"n":1}')
    const found = await eventually(async () => {
      const letters = await deadLetters()
      return letters.length === 1 && letters
    })
    expect([calls, givenUp]).toEqual([3, 1])
    expect(found[0]?.header.get('dead-letter-deliveries')).toBe('3')
  })

  test('an event that a later service publishes is none', async () => {
    const seen: number[] = []
    listen(async ({ data: { n } }) => seen.push(n))
    await publishRaw('orders.probe.invented_later.v1', '{}')
    await publishRaw(Happened.type, '{"n":1}')
    await eventually(() => seen.length === 1)
    expect(await deadLetters()).toEqual([])
  })
})

describe('queries', () => {
  const Double = defineQuery(
    'query.orders.double.v1',
    Type.Object({ n: Type.Integer() }),
    Type.Object({ twice: Type.Integer() }),
  )

  test('are answered', async () => {
    answerQuery(messaging, Double, async ({ n }) => ({ twice: 2 * n }))
    expect(await askQuery(messaging, Double)({ n: 21 })).toEqual({ twice: 42 })
  })

  test('that nobody answers are reported as unavailable', async () => {
    await expect(askQuery(messaging, Double)({ n: 1 })).rejects.toMatchObject({ kind: 'unavailable' })
  })

  test('that fail on the other side are reported at once', async () => {
    answerQuery(messaging, Double, () => Promise.reject(new Error('broken')))
    await expect(askQuery(messaging, Double)({ n: 1 })).rejects.toMatchObject({ code: 'MESSAGING_QUERY_UNANSWERED' })
  })
})
