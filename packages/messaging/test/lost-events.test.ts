import { defineEvent } from '@tradewind/contracts/event'
import { eventually } from '@tradewind/testkit/eventually'
import { Type } from 'typebox'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { connectMessaging, type Messaging } from '../src/connection.ts'
import { type OutboxSource, startRelay } from '../src/relay.ts'
import { ensureStreams, streamOf } from '../src/streams.ts'
import { silent, startBroker, type TestBroker } from './broker.ts'
import { createMemoryOutbox } from './memory-outbox.ts'

const Happened = defineEvent('orders.probe.happened.v1', Type.Object({ n: Type.Integer() }))
const now = () => new Date()
const reconnects = { timeoutMs: 25_000 }

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

function relaying(outbox: OutboxSource, through = messaging) {
  const relay = startRelay(through, [outbox], now)
  closers.push(() => relay.close())
  return relay
}

/** A connection whose first acknowledgement from now on waits until it is let through. */
function withHeldAcknowledgement() {
  const arrived = Promise.withResolvers<void>()
  const letThrough = Promise.withResolvers<void>()
  let isFirst = true
  const publish: Messaging['client']['publish'] = async (...message) => {
    const acknowledgement = await messaging.client.publish(...message)
    if (isFirst) {
      isFirst = false
      arrived.resolve()
      await letThrough.promise
    }
    return acknowledgement
  }
  const client = new Proxy(messaging.client, {
    get: (target, name) => (name === 'publish' ? publish : Reflect.get(target, name)),
  })
  return { through: { ...messaging, client }, arrived: arrived.promise, letThrough: letThrough.resolve }
}

const eventsIn = async (stream: string) => (await messaging.manager.streams.info(stream)).state.messages

test('an acknowledgement from before the loss marks nothing that waits again', async () => {
  const memory = createMemoryOutbox()
  const before = relaying(memory)
  const known = memory.add(Happened.type, { n: 1 })
  await eventually(() => memory.marked.has(known))
  await before.close()

  const replaying = Promise.withResolvers<void>()
  const mayReplay = Promise.withResolvers<void>()
  let isReplayed = false
  const replay: OutboxSource['replay'] = async (...since) => {
    replaying.resolve()
    await mayReplay.promise
    await memory.replay(...since)
    isReplayed = true
  }
  const pending: OutboxSource['pending'] = (...which) => (isReplayed ? memory.pending(...which) : Promise.resolve([]))
  const { through, arrived, letThrough } = withHeldAcknowledgement()
  const relay = relaying({ ...memory, replay, pending }, through)
  const id = memory.add(Happened.type, { n: 2 })
  await arrived
  await broker.kill()
  await broker.restart({ empty: true })
  await replaying.promise
  letThrough()
  await eventually(() => relay.inFlight() === 0)
  expect(memory.marked.has(id)).toBe(false)
  mayReplay.resolve()
  await eventually(() => memory.marked.has(id))
})

test('what the process before published last is asked for, even if that could not be read at first', async () => {
  const outbox = createMemoryOutbox()
  const before = relaying(outbox)
  const lost = outbox.add(Happened.type, { n: 1 })
  await eventually(() => outbox.marked.has(lost))
  await before.close()
  await broker.kill()
  await broker.restart({ empty: true })
  await eventually(() => ensureStreams(messaging.manager, 1).then(() => true), reconnects)

  let reads = 0
  const last = () => {
    reads += 1
    return reads === 1 ? Promise.reject(new Error('the database is away')) : outbox.publications.last()
  }
  relaying({ ...outbox, publications: { ...outbox.publications, last } })
  const id = outbox.add(Happened.type, { n: 2 })
  await eventually(() => outbox.marked.has(id), reconnects)
  expect(await eventsIn(streamOf('orders'))).toBe(1)
  await broker.kill()
  await broker.restart()
  await eventually(async () => (await eventsIn(streamOf('orders'))) === 2, reconnects)
})
