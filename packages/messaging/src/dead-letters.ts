import type { JsMsg, StoredMsg } from '@nats-io/jetstream'
import { headers as createHeaders } from '@nats-io/nats-core'
import type { ServiceName } from '@tradewind/contracts/route'
import { brokerTimeoutMs, type Messaging } from './connection.ts'
import { deadLetterStream, stateOf } from './streams.ts'

/** Longest reason kept with a dead letter, in characters. */
const maxReasonLength = 1000

/**
 * Moves a message that can never succeed out of the way: a copy with its headers and the reason goes to the dead-letter
 * stream, and only when that is acknowledged is the original given up. Throws when the broker does not take the copy.
 */
export async function sendToDeadLetters(
  messaging: Messaging,
  durable: string,
  message: JsMsg,
  reason: string,
): Promise<void> {
  const { stream, streamSequence, deliveryCount, timestampNanos } = message.info
  const copy = createHeaders()
  for (const [name, values] of message.headers ?? []) {
    if (!name.toLowerCase().startsWith('nats-')) for (const value of values) copy.append(name, value)
  }
  copy.set('dead-letter-subject', message.subject)
  copy.set('dead-letter-consumer', durable)
  copy.set('dead-letter-reason', oneLine(reason).slice(0, maxReasonLength))
  copy.set('dead-letter-deliveries', String(deliveryCount))
  await messaging.client.publish(`dead-letter.${messaging.service}.${durable}`, message.data, {
    // The time, too, as a stream that is made anew counts from the beginning.
    msgID: `${stream}-${durable}-${streamSequence}-${timestampNanos}`,
    headers: copy,
    timeout: brokerTimeoutMs,
  })
  message.term()
}

/** Header values are one line of printable text. */
const oneLine = (text: string) => text.replaceAll(/[^\x20-\x7e]+/g, ' ')

/** What a consumer gave up, as it lies in the dead-letter stream. */
export interface DeadLetter {
  /** Its place in the stream. */
  readonly sequence: number
  /** Undefined where the event came without one. */
  readonly eventId: string | undefined
  /** What it was published as. */
  readonly subject: string
  readonly service: ServiceName
  readonly consumer: string
  readonly reason: string
  readonly deliveries: number
  readonly at: Date
  readonly message: StoredMsg
}

export interface DeadLetters {
  readonly count: () => Promise<number>
  /** Those behind a place in the stream, the oldest first. */
  readonly after: (sequence: number, limit: number) => Promise<DeadLetter[]>
  readonly find: (sequence: number) => Promise<DeadLetter | undefined>
  readonly remove: (sequence: number) => Promise<void>
}

/** Places that are looked at together. */
const lookedAtOnce = 32

/** Reads the dead-letter stream and removes from it. Throws when the broker does not answer. */
export function openDeadLetters(messaging: Pick<Messaging, 'manager' | 'replicas'>): DeadLetters {
  const { streams } = messaging.manager
  const find = async (sequence: number) => {
    const message = await streams.getMessage(deadLetterStream, { seq: sequence })
    return message === null ? undefined : toDeadLetter(message)
  }
  return {
    count: async () => (await stateOf(messaging, deadLetterStream)).messages,
    after: async (sequence, limit) => {
      const { first_seq: first, last_seq: last } = await stateOf(messaging, deadLetterStream)
      const found: DeadLetter[] = []
      for (let next = Math.max(first, sequence + 1); next <= last && found.length < limit; next += lookedAtOnce) {
        const places = Array.from({ length: Math.min(lookedAtOnce, last - next + 1) }, (_, index) => next + index)
        found.push(...(await Promise.all(places.map(find))).filter((letter) => letter !== undefined))
      }
      return found.slice(0, limit)
    },
    find,
    remove: async (sequence) => {
      await streams.deleteMessage(deadLetterStream, sequence)
    },
  }
}

function toDeadLetter(message: StoredMsg): DeadLetter | undefined {
  const { header, seq, subject, time } = message
  const service = serviceIn(subject)
  if (service === undefined) return undefined
  return {
    sequence: seq,
    eventId: header.get('ce-id') || undefined,
    subject: header.get('dead-letter-subject'),
    service,
    consumer: header.get('dead-letter-consumer'),
    reason: header.get('dead-letter-reason'),
    deliveries: Number(header.get('dead-letter-deliveries')),
    at: time,
    message,
  }
}

const services: readonly ServiceName[] = ['auth', 'inventory', 'orders', 'payments', 'notifications']
/** `dead-letter.orders.orders-payments` */
const serviceIn = (subject: string) => services.find((service) => subject.startsWith(`dead-letter.${service}.`))
