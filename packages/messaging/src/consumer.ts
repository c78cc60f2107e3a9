import { setTimeout as delay } from 'node:timers/promises'
import type { ConsumerMessages, JsMsg } from '@nats-io/jetstream'
import type { MsgHdrs } from '@nats-io/nats-core'
import type { EventContract } from '@tradewind/contracts/event'
import type { ServiceName } from '@tradewind/contracts/route'
import { DomainError } from '@tradewind/service-kit/errors'
import { runInSpan } from '@tradewind/service-kit/trace'
import type { Type } from 'typebox'
import { type CloudEvent, fromHeaders, spanAttributes } from './cloud-events.ts'
import type { Messaging } from './connection.ts'
import { sendToDeadLetters } from './dead-letters.ts'
import { ackWaitMs, ensureConsumer, ensureStreams, removeConsumer, streamOf } from './streams.ts'

/** An event as a handler receives it. */
export interface ReceivedEvent<D> {
  readonly id: string
  readonly type: string
  /** When its aggregate was written. */
  readonly time: Date
  readonly data: D
}

/** An event contract with the code that reacts to it. */
export interface EventHandler {
  readonly contract: EventContract
  readonly handle: (event: ReceivedEvent<unknown>) => Promise<void>
}

/**
 * Binds a reaction to an event. The reaction must be safe to repeat: an event arrives at least once, in any order.
 */
export function on<T extends string, S extends Type.TSchema>(
  contract: EventContract<T, S>,
  handle: (event: ReceivedEvent<Type.Static<S>>) => Promise<unknown>,
): EventHandler {
  return {
    contract,
    handle: async (event) => {
      const { data } = event
      if (!contract.matches(data)) throw new Poison(contract.faults(data).join('; '))
      await handle({ ...event, data })
    },
  }
}

/** A message that no retry can help. */
class Poison extends Error {}

export interface SubscriptionOptions {
  /** Whose events. */
  readonly from: ServiceName
  /** Names the durable consumer together with the service: `orders-reservations`. Never changed, or all is delivered again. */
  readonly name: string
  /** One subject, with wildcards: `inventory.reservation.>`. */
  readonly filter: string
  readonly handlers: readonly EventHandler[]
  /** True for errors of a dependency that is away: such a message is not to blame, and pulling stops until `dependencies` answers. */
  readonly isTransient: (error: unknown) => boolean
  /** Resolves when what the handlers need is there. */
  readonly dependencies: () => Promise<void>
  /** Failures of the handler itself before a message goes to the dead letters. Default 8, over about half a minute. */
  readonly maxDeliveries?: number
  /**
   * Messages that all replicas together may work on at once. Default 512. More where handlers of many messages share their
   * writes: each replica has only its part of them to share.
   */
  readonly maxUnderWay?: number
  /** Told of each event that went to the dead letters. For metrics. */
  readonly onDeadLetter?: () => void
  /**
   * For events that mostly nobody wants: since when somebody does, undefined while nobody does. Then there is no consumer, and
   * delivering costs nothing; it is asked again every two seconds. Without it all that the stream has is delivered.
   */
  readonly wantedSince?: () => Promise<Date | undefined>
}

/** A message as it was published, wherever it comes from. */
export interface Replayed {
  readonly subject: string
  readonly headers: MsgHdrs
  readonly data: Uint8Array
}

export interface Subscription {
  readonly durable: string
  /** Handles a message that was given up before, as it is. Rejects with why not. */
  readonly replay: (message: Replayed) => Promise<void>
  /** Throws when the consumer has made no progress although there is work. For readiness. */
  readonly check: () => Promise<void>
  /** Events in the stream that no replica has been given yet. */
  readonly waiting: () => Promise<number>
  /** Stops pulling and waits for the handlers under way. */
  readonly close: () => Promise<void>
}

/** How often is asked whether events are wanted by now. */
const wantedEveryMs = 2000
/** Messages asked for ahead of the handlers. */
const pullBatch = 256
const longestBackoffMs = 20_000
/** How often a silent consumer is looked at. */
const watchEveryMs = 5000
/** A consumer that stays silent this long although there is work is not ready. */
const silentTooLongMs = 20_000

/** Delay before the next delivery: 100 ms, doubling. A bare nak would burn all deliveries within milliseconds. */
const backoffMs = (deliveries: number) => Math.min(longestBackoffMs, 100 * 2 ** Math.max(0, deliveries - 1))

/** Pulls messages of one durable consumer for ever, and starts again whenever the broker lost the consumer or went silent. */
export function subscribe(messaging: Messaging, options: SubscriptionOptions): Subscription {
  const { logger, manager, client, service, replicas } = messaging
  const {
    handlers,
    isTransient,
    dependencies,
    maxDeliveries = 8,
    maxUnderWay = 512,
    onDeadLetter,
    wantedSince,
  } = options
  const durable = `${service}-${options.name}`
  const stream = streamOf(options.from)
  const byType = new Map(handlers.map((handler) => [handler.contract.type, handler]))
  const knownNames = new Set(handlers.map(({ contract }) => withoutVersion(contract.type)))
  const underWay = new Set<Promise<void>>()
  const closing = Promise.withResolvers<void>()
  let closed = false
  /** True while nobody wants the events and the consumer was removed. */
  let isResting = false
  let messages: ConsumerMessages | undefined
  let lastProgress = performance.now()

  async function run(): Promise<void> {
    while (!closed) {
      try {
        await dependencies()
        const since = await wantedSince?.()
        if (wantedSince !== undefined && since === undefined) {
          await rest()
          continue
        }
        isResting = false
        await ensureStreams(manager, replicas)
        await ensureConsumer(manager, { stream, durable, filter: options.filter, maxUnderWay, since })
        const consumer = await client.consumers.get(stream, durable)
        messages = await consumer.consume({ max_messages: pullBatch })
        if (closed) break
        void stopWhenLost(messages)
        for await (const message of messages) receive(message)
      } catch (error) {
        if (!closed) logger.warn({ err: error, durable }, 'the consumer is not running')
      }
      messages = undefined
      await Promise.race([closing.promise, delay(500, undefined, { ref: false })])
    }
    messages?.stop()
  }

  async function rest(): Promise<void> {
    if (!isResting) await removeConsumer(manager, stream, durable)
    isResting = true
    lastProgress = performance.now()
    await Promise.race([closing.promise, delay(wantedEveryMs, undefined, { ref: false })])
  }

  async function stopWhenLost(current: ConsumerMessages): Promise<void> {
    for await (const { type } of current.status()) {
      if (
        type === 'heartbeats_missed' ||
        type === 'consumer_not_found' ||
        type === 'stream_not_found' ||
        type === 'consumer_deleted'
      ) {
        logger.warn({ durable, type }, 'the consumer is started again')
        current.stop()
      }
    }
  }

  function receive(message: JsMsg) {
    lastProgress = performance.now()
    const work = handle(message).finally(() => {
      lastProgress = performance.now()
      underWay.delete(work)
    })
    underWay.add(work)
  }

  async function handleAs(subject: string, headers: MsgHdrs | undefined, data: Uint8Array): Promise<void> {
    const event = fromHeaders(headers)
    if ('fault' in event) throw new Poison(event.fault)
    await runInSpan(event.traceparent, describe(event), () => dispatch(event, subject, data))
  }

  async function handle(message: JsMsg): Promise<void> {
    try {
      await handleAs(message.subject, message.headers, message.data)
      message.ack()
    } catch (error) {
      await giveBack(message, error)
    }
  }

  const describe = (event: CloudEvent) => () => ({
    name: `process ${event.type}`,
    kind: 'consumer' as const,
    attributes: {
      ...spanAttributes(event),
      'messaging.operation.type': 'process',
      'messaging.consumer.group.name': durable,
    },
  })

  async function dispatch(event: CloudEvent, subject: string, body: Uint8Array): Promise<void> {
    if (event.type !== subject) throw new Poison(`type ${event.type} came under subject ${subject}`)
    const handler = byType.get(event.type)
    if (handler === undefined) {
      // A later service may publish events that this one has no use for. A new version of one that it needs is another matter.
      if (knownNames.has(withoutVersion(event.type))) throw new Poison(`unknown version: ${event.type}`)
      return
    }
    await handler.handle({ id: event.id, type: event.type, time: event.time, data: parse(body) })
  }

  async function giveBack(message: JsMsg, error: unknown): Promise<void> {
    const { deliveryCount } = message.info
    if (isTransient(error)) {
      message.nak(backoffMs(deliveryCount))
      messages?.stop()
      return
    }
    // Another service that is away, or too many writers at once, says nothing against the message either.
    const isBusy = error instanceof DomainError && error.kind === 'unavailable'
    if (isBusy || (!(error instanceof Poison) && deliveryCount < maxDeliveries)) {
      logger.warn({ err: error, durable, subject: message.subject, deliveryCount }, 'an event is tried again')
      message.nak(backoffMs(deliveryCount))
      return
    }
    logger.error({ err: error, durable, subject: message.subject, deliveryCount }, 'an event goes to the dead letters')
    try {
      await sendToDeadLetters(messaging, durable, message, error instanceof Error ? error.message : String(error))
      onDeadLetter?.()
    } catch (cause) {
      logger.warn({ err: cause, durable }, 'the dead-letter stream does not answer; the event stays')
      message.nak(longestBackoffMs)
    }
  }

  /** A pull can fall silent after a reconnect: when there is work and nothing arrives, the pull is started again. */
  async function watchProgress(): Promise<void> {
    if (messages !== undefined && wantedSince !== undefined && (await wantedSince()) === undefined) messages.stop()
    if (performance.now() - lastProgress < watchEveryMs || underWay.size > 0) return
    if ((await waiting()) === 0) lastProgress = performance.now()
    else messages?.stop()
  }

  const waiting = async () => (isResting ? 0 : (await manager.consumers.info(stream, durable)).num_pending)

  const watch = setInterval(() => {
    watchProgress().catch((error: unknown) => {
      logger.warn({ err: error, durable }, 'the consumer cannot be looked at and is started again')
      messages?.stop()
    })
  }, watchEveryMs)

  const running = run()
  return {
    durable,
    replay: ({ subject, headers, data }) => handleAs(subject, headers, data),
    check: async () => {
      const silentMs = performance.now() - lastProgress
      if (silentMs > silentTooLongMs && underWay.size === 0)
        throw new Error(`${durable} has been silent for ${Math.round(silentMs / 1000)} s`)
    },
    waiting,
    close: async () => {
      closed = true
      closing.resolve()
      clearInterval(watch)
      messages?.stop()
      await running
      await Promise.race([Promise.allSettled(underWay), delay(ackWaitMs, undefined, { ref: false })])
    },
  }
}

const withoutVersion = (type: string) => type.replace(/\.v[0-9]+$/, '')

function parse(body: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(body).toString())
  } catch (cause) {
    throw new Poison(`not JSON: ${String(cause)}`)
  }
}
