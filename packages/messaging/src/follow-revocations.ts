import { setTimeout as delay } from 'node:timers/promises'
import { AckPolicy, type ConsumerMessages, DeliverPolicy, type JsMsg } from '@nats-io/jetstream'
import { allEvents } from '@tradewind/contracts/events'
import {
  ApiKeyRevokedV1,
  ClientChangedV1,
  KeyWithdrawnV1,
  RoleChangedV1,
  SessionRevokedV1,
} from '@tradewind/contracts/revocation'
import { maxTokenLifetimeSeconds, type Revocations } from '@tradewind/service-kit/revocations'
import { fromHeaders } from './cloud-events.ts'
import type { Messaging } from './connection.ts'
import { ensureStreams, streamOf } from './streams.ts'

export interface RevocationFeed {
  /** Throws while what was revoked lately is not known: until then nobody is to be let in. */
  readonly checkKnown: () => void
  /** Throws also while news may not arrive. For readiness. */
  readonly check: () => void
  readonly close: () => Promise<void>
}

const nanosPerMs = 1_000_000
/** What was revoked before that concerns no token that could still be shown; a minute more for clocks that differ. */
const lookBackMs = (maxTokenLifetimeSeconds + 60) * 1000
/** Short, so that news that got lost on the way comes again while it is news. */
const ackWaitMs = 5000
const forgottenAfterMs = 60_000
const pullBatch = 256
const watchEveryMs = 5000
/** Without a sign of life for this long, news may not arrive. */
const silentTooLongMs = 15_000
const retryMs = 500

/**
 * Tells this process which access tokens were revoked: first all that could still be shown, then each as it happens. Each
 * process follows for itself. Hearing of one twice, or in another order, changes nothing. Whenever the connection or the
 * consumer was lost, all is read again.
 */
export function followRevocations(messaging: Messaging, revocations: Revocations): RevocationFeed {
  const { logger, manager, client, replicas } = messaging
  const stream = streamOf('auth')
  const closing = Promise.withResolvers<void>()
  let closed = false
  let messages: ConsumerMessages | undefined
  let consumerName: string | undefined
  let loaded = false
  let aliveAt = performance.now()
  let receivedAt = performance.now()

  async function run(): Promise<void> {
    while (!closed) {
      try {
        await follow()
      } catch (error) {
        if (!closed) logger.warn({ err: error }, 'revocations are not followed and are asked for again')
      }
      messages = undefined
      consumerName = undefined
      await Promise.race([closing.promise, delay(retryMs, undefined, { ref: false })])
    }
  }

  async function follow(): Promise<void> {
    await ensureStreams(manager, replicas)
    const { name, num_pending: waiting } = await manager.consumers.add(stream, {
      filter_subject: 'auth.>',
      ack_policy: AckPolicy.Explicit,
      ack_wait: ackWaitMs * nanosPerMs,
      deliver_policy: DeliverPolicy.StartTime,
      opt_start_time: new Date(Date.now() - lookBackMs).toISOString(),
      inactive_threshold: forgottenAfterMs * nanosPerMs,
      mem_storage: true,
      num_replicas: 1,
    })
    const consumer = await client.consumers.get(stream, name)
    messages = await consumer.consume({ max_messages: pullBatch })
    consumerName = name
    if (closed) messages.stop()
    void stopWhenLost(messages)
    let missing = waiting
    if (missing === 0) isLoaded()
    for await (const message of messages) {
      receive(message)
      missing -= 1
      if (missing === 0) isLoaded()
    }
  }

  function isLoaded() {
    if (!loaded) logger.debug({ revocations: revocations.size() }, 'revocations are known')
    loaded = true
    aliveAt = performance.now()
  }

  function receive(message: JsMsg) {
    receivedAt = performance.now()
    aliveAt = receivedAt
    try {
      apply(message)
    } catch (error) {
      // It would be no better the next time, and must not hold up what comes after it.
      logger.error({ err: error, subject: message.subject }, 'news of revoked tokens cannot be read')
    }
    message.ack()
  }

  function apply(message: JsMsg) {
    const event = fromHeaders(message.headers)
    const contract = allEvents.get(message.subject)
    if (contract === undefined || !followed.has(message.subject)) return
    const data: unknown = message.json()
    if ('fault' in event) throw new Error(event.fault)
    const { time } = event
    if (message.subject === SessionRevokedV1.type && SessionRevokedV1.matches(data))
      revocations.end(data.sessionId, time)
    else if (message.subject === ApiKeyRevokedV1.type && ApiKeyRevokedV1.matches(data))
      revocations.end(data.apiKeyId, time)
    else if (message.subject === RoleChangedV1.type && RoleChangedV1.matches(data))
      revocations.outdate(data.userId, data.accessVersion, time)
    else if (message.subject === ClientChangedV1.type && ClientChangedV1.matches(data))
      revocations.outdate(data.clientId, data.accessVersion, time)
    else if (message.subject === KeyWithdrawnV1.type && KeyWithdrawnV1.matches(data)) revocations.withdrawKey(data.kid)
    else throw new Error(contract.faults(data).join('; '))
  }

  async function stopWhenLost(current: ConsumerMessages): Promise<void> {
    for await (const { type } of current.status()) if (lost.has(type)) current.stop()
  }

  /** A pull can fall silent after a reconnect: where there is something and nothing arrives, all is asked for again. */
  async function watch(): Promise<void> {
    if (consumerName === undefined) return
    const { num_pending: pending } = await manager.consumers.info(stream, consumerName)
    if (pending > 0 && performance.now() - receivedAt > watchEveryMs) messages?.stop()
    else aliveAt = performance.now()
  }

  messaging.onReconnect(() => messages?.stop())
  const timer = setInterval(() => {
    watch().catch((error: unknown) => {
      logger.warn({ err: error }, 'revocations cannot be watched and are asked for again')
      messages?.stop()
    })
  }, watchEveryMs)
  const running = run()
  const checkKnown = () => {
    if (!loaded) throw new Error('what was revoked lately is not known yet')
  }

  return {
    checkKnown,
    check: () => {
      checkKnown()
      const silentMs = performance.now() - aliveAt
      if (silentMs > silentTooLongMs) throw new Error(`no news of revocations for ${Math.round(silentMs / 1000)} s`)
    },
    close: async () => {
      closed = true
      closing.resolve()
      clearInterval(timer)
      messages?.stop()
      await running
    },
  }
}

const followed = new Set<string>(
  [SessionRevokedV1, ApiKeyRevokedV1, RoleChangedV1, ClientChangedV1, KeyWithdrawnV1].map(({ type }) => type),
)
const lost = new Set<string>(['heartbeats_missed', 'consumer_not_found', 'stream_not_found', 'consumer_deleted'])
