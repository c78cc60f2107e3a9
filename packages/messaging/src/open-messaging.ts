import { deadLetterReplayQuery } from '@tradewind/contracts/dead-letters'
import type { ServiceConfig, ServiceContext } from '@tradewind/service-kit/service'
import { connectMessaging, type Messaging } from './connection.ts'
import { type Subscription, type SubscriptionOptions, subscribe } from './consumer.ts'
import { type DeadLetters, openDeadLetters } from './dead-letters.ts'
import { followRevocations } from './follow-revocations.ts'
import { answerQuery } from './query.ts'
import { type OutboxSource, type Relay, startRelay } from './relay.ts'

interface MessagingConfig extends ServiceConfig {
  readonly NATS_URL: string
  readonly NATS_REPLICAS: number
}

export interface OpenMessaging extends Messaging {
  /** Starts publishing what these collections carry in their outboxes. Ends after the subscriptions, before the connection. */
  readonly relay: (...outboxes: OutboxSource[]) => Relay
  /** Starts a durable consumer. Ends when no request is in flight any more. */
  readonly subscribe: (options: Omit<SubscriptionOptions, 'isTransient' | 'dependencies'>) => void
}

interface Dependencies {
  readonly isTransient: (error: unknown) => boolean
  /** Answers when what the handlers need does, the database for one. */
  readonly ping: () => Promise<void>
}

/** Connects a service to the broker and ties relay, consumers and the news of revoked tokens to the service's readiness and end. */
export async function openMessaging(
  context: ServiceContext<MessagingConfig>,
  service: Messaging['service'],
  { isTransient, ping }: Dependencies,
): Promise<OpenMessaging> {
  const { config, logger, metrics, revocations, onShutdown, addCheck } = context
  const messaging = await connectMessaging({
    url: config.NATS_URL,
    replicas: config.NATS_REPLICAS,
    service,
    logger,
  })
  logger.info({ version: messaging.serverVersion }, 'connected to the broker')
  onShutdown('broker', () => messaging.close())
  addCheck('broker', () => messaging.ping(), 'events')
  const feed = followRevocations(messaging, revocations)
  onShutdown('revocations', () => feed.close())
  addCheck('revocations known', () => feed.checkKnown())
  addCheck('revocations', () => feed.check(), 'events')
  const subscriptions = new Map<string, Subscription>()
  const deadLetters = metrics.counter({
    name: 'dead_letters_total',
    help: 'Events that no retry could help and that went to the dead letters',
    labelNames: ['consumer'],
  })
  metrics.readOnScrape({
    name: 'consumer_waiting_messages',
    help: 'Events in the stream that the consumer has not been given yet. The same on every replica',
    labelNames: ['consumer'],
    read: () =>
      Promise.all(
        [...subscriptions].map(async ([consumer, { waiting }]) => ({ labels: { consumer }, value: await waiting() })),
      ),
  })
  if (service !== 'gateway') {
    answerQuery(messaging, deadLetterReplayQuery(service), async ({ sequence }) => {
      const failure = await replay(openDeadLetters(messaging), subscriptions, sequence)
      return { failure: failure ?? null }
    })
  }
  return {
    ...messaging,
    relay: (...outboxes) => {
      const relay = startRelay(messaging, outboxes, () => new Date())
      onShutdown('relay', () => relay.close())
      metrics.gauge({
        name: 'outbox_events_in_flight',
        help: 'Events handed to the broker and not acknowledged yet',
        collect() {
          this.set(relay.inFlight())
        },
      })
      metrics.readOnScrape({
        name: 'outbox_oldest_pending_seconds',
        help: 'Age of the oldest event that is not with the broker yet; 0 when there is none. The same on every replica',
        labelNames: ['outbox'],
        read: () => Promise.all(outboxes.map(lagOf)),
      })
      return relay
    },
    subscribe: (options) => {
      const subscription = subscribe(messaging, {
        ...options,
        isTransient,
        dependencies: ping,
        onDeadLetter: () => deadLetters.inc({ consumer: subscription.durable }),
      })
      deadLetters.inc({ consumer: subscription.durable }, 0)
      subscriptions.set(subscription.durable, subscription)
      onShutdown(`consumer ${subscription.durable}`, () => subscription.close())
      addCheck(`consumer ${options.name}`, () => subscription.check(), 'events')
    },
  }
}

async function lagOf({ name, oldestPendingAt }: OutboxSource) {
  const since = await oldestPendingAt()
  const seconds = since === undefined ? 0 : Math.max(0, (Date.now() - since.getTime()) / 1000)
  return { labels: { outbox: name }, value: seconds }
}

/** Handles a dead letter once more; resolves to why that failed, if it did. */
async function replay(
  letters: Pick<DeadLetters, 'find'>,
  subscriptions: ReadonlyMap<string, Subscription>,
  sequence: number,
): Promise<string | undefined> {
  const letter = await letters.find(sequence)
  if (letter === undefined) return 'it is not there any more'
  const subscription = subscriptions.get(letter.consumer)
  if (subscription === undefined) return `there is no consumer ${letter.consumer} any more`
  const { header: headers, data } = letter.message
  try {
    await subscription.replay({ subject: letter.subject, headers, data })
    return undefined
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
