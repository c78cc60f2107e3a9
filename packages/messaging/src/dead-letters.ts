import type { JsMsg } from '@nats-io/jetstream'
import { headers as createHeaders } from '@nats-io/nats-core'
import { brokerTimeoutMs, type Messaging } from './connection.ts'

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
  const { stream, streamSequence, deliveryCount } = message.info
  const copy = createHeaders()
  for (const [name, values] of message.headers ?? []) {
    if (!name.toLowerCase().startsWith('nats-')) for (const value of values) copy.append(name, value)
  }
  copy.set('dead-letter-subject', message.subject)
  copy.set('dead-letter-consumer', durable)
  copy.set('dead-letter-reason', oneLine(reason).slice(0, maxReasonLength))
  copy.set('dead-letter-deliveries', String(deliveryCount))
  await messaging.client.publish(`dead-letter.${messaging.service}.${durable}`, message.data, {
    msgID: `${stream}-${durable}-${streamSequence}`,
    headers: copy,
    timeout: brokerTimeoutMs,
  })
  message.term()
}

/** Header values are one line of printable text. */
const oneLine = (text: string) => text.replaceAll(/[^\x20-\x7e]+/g, ' ')
