import {
  AckPolicy,
  DeliverPolicy,
  DiscardPolicy,
  JetStreamApiError,
  type JetStreamManager,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
  type StreamState,
} from '@nats-io/jetstream'
import type { ServiceName } from '@tradewind/contracts/route'
import type { Messaging } from './connection.ts'

/** The stream that holds what no consumer could ever handle, with the reason in its headers. */
export const deadLetterStream = 'DEAD_LETTERS'

const nanosPerMs = 1_000_000
const dayMs = 24 * 3600 * 1000

/** How long a published event stays for consumers that are away. The outboxes keep theirs longer. */
export const retentionMs = 7 * dayMs
/** A full stream refuses instead of dropping: the outbox waits. By count, since 2.9 evicts acknowledged messages with a byte limit. */
const maxMessages = 20_000_000
/** How long the broker recognises a message id. A courtesy: consumers do not depend on it. */
const duplicateWindowMs = 2 * 60 * 1000

export const streamOf = (service: ServiceName): string => service.toUpperCase()

const services: readonly ServiceName[] = ['auth', 'inventory', 'orders', 'payments', 'notifications']

function streamConfig(name: string, subject: string, replicas: number): Partial<StreamConfig> & { name: string } {
  return {
    name,
    subjects: [subject],
    retention: RetentionPolicy.Limits,
    storage: StorageType.File,
    discard: DiscardPolicy.New,
    max_msgs: maxMessages,
    max_age: retentionMs * nanosPerMs,
    duplicate_window: duplicateWindowMs * nanosPerMs,
    num_replicas: replicas,
  }
}

/**
 * Creates every stream that is missing: one per publishing service, and the dead letters. Any service may come first,
 * so each one asks for all. Throws when a stream of that name exists with other subjects.
 */
export async function ensureStreams(manager: JetStreamManager, replicas: number): Promise<void> {
  const all = [...services.map(streamOf), deadLetterStream]
  await Promise.all(all.map((stream) => stateOf({ manager, replicas }, stream)))
}

/** At least three times the slowest handling; a message that is not acknowledged by then is delivered again. */
export const ackWaitMs = 30_000

interface ConsumerWish {
  readonly stream: string
  readonly durable: string
  readonly filter: string
  /** Messages that its replicas may work on at once. */
  readonly maxUnderWay: number
  /** Where a new one begins; with the first message there is when undefined. */
  readonly since?: Date | undefined
}

/** Creates the durable consumer, or gives one that exists the number of messages that its replicas may work on at once. */
export async function ensureConsumer(
  manager: JetStreamManager,
  { stream, durable, filter, maxUnderWay, since }: ConsumerWish,
): Promise<void> {
  const changeable = { ack_wait: ackWaitMs * nanosPerMs, max_ack_pending: maxUnderWay, max_deliver: -1 }
  try {
    await manager.consumers.add(stream, {
      durable_name: durable,
      filter_subject: filter,
      ack_policy: AckPolicy.Explicit,
      ...(since !== undefined && { deliver_policy: DeliverPolicy.StartTime, opt_start_time: since.toISOString() }),
      ...changeable,
    })
  } catch (error) {
    // It is there already: a broker from 2.10 on refuses other settings at all, an older one another beginning.
    if (!(error instanceof JetStreamApiError && alreadyThere.has(error.code))) throw error
    await manager.consumers.update(stream, durable, changeable)
  }
}

/** Removes a durable consumer, with its place in the stream. Nothing happens when there is none. */
export async function removeConsumer(manager: JetStreamManager, stream: string, durable: string): Promise<void> {
  try {
    await manager.consumers.delete(stream, durable)
  } catch (error) {
    if (!(error instanceof JetStreamApiError && notThere.has(error.code))) throw error
  }
}

/** Error codes of the JetStream API: consumer create, consumer already exists. */
const alreadyThere: ReadonlySet<number> = new Set([10_012, 10_148])
/** Consumer not found, stream not found. */
const notThere: ReadonlySet<number> = new Set([10_014, 10_059])

const subjectOf = (stream: string) => (stream === deadLetterStream ? 'dead-letter.>' : `${stream.toLowerCase()}.>`)

/** How a stream stands: the answer to the creation of one that exists. It is made when it is missing. */
export async function stateOf(
  { manager, replicas }: Pick<Messaging, 'manager' | 'replicas'>,
  stream: string,
): Promise<StreamState> {
  return (await manager.streams.add(streamConfig(stream, subjectOf(stream), replicas))).state
}

/**
 * True when the stream still has the event where it was acknowledged, or has let it go for its age. Throws when the broker does
 * not answer.
 */
export async function isInStream(
  { manager, service, replicas }: Pick<Messaging, 'manager' | 'service' | 'replicas'>,
  { eventId, streamSequence }: { readonly eventId: string; readonly streamSequence: number },
): Promise<boolean> {
  if (service === 'gateway') throw new Error('the gateway has no stream')
  const stream = streamOf(service)
  const state = await stateOf({ manager, replicas }, stream)
  if (state.last_seq < streamSequence) return false
  if (state.first_seq > streamSequence) return true
  const found = await manager.streams.getMessage(stream, { seq: streamSequence })
  return found?.header.get('ce-id') === eventId
}
