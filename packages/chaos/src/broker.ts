import { randomUUID } from 'node:crypto'
import { jetstream, jetstreamManager } from '@nats-io/jetstream'
import { headers as createHeaders, type MsgHdrs } from '@nats-io/nats-core'
import { connect } from '@nats-io/transport-node'
import type { DeadLetter } from '@tradewind/testkit/invariants'

export interface StoredMessage {
  readonly subject: string
  readonly data: Uint8Array
  readonly headers: MsgHdrs
}

const streams = ['AUTH', 'INVENTORY', 'ORDERS', 'PAYMENTS', 'NOTIFICATIONS'] as const
const deadLetterStream = 'DEAD_LETTERS'

/** The broker as nobody but a test sees it: everything may be read and published. */
export async function openBroker(url: string) {
  const connection = await connect({ servers: url, name: 'chaos', maxReconnectAttempts: -1, reconnectTimeWait: 100 })
  const manager = await jetstreamManager(connection)
  const client = jetstream(connection)

  async function* messagesOf(stream: string): AsyncGenerator<StoredMessage> {
    const { state } = await manager.streams.info(stream)
    for (let seq = state.first_seq; seq <= state.last_seq && state.messages > 0; seq += 1) {
      const message = await manager.streams.getMessage(stream, { seq })
      if (message !== null) yield { subject: message.subject, data: message.data, headers: message.header }
    }
  }

  return {
    /** Everything that is in the streams of the services. */
    all: async (): Promise<StoredMessage[]> => {
      const found: StoredMessage[] = []
      for (const stream of streams) for await (const message of messagesOf(stream)) found.push(message)
      return found
    },
    deadLetters: async (): Promise<DeadLetter[]> => {
      const found: DeadLetter[] = []
      for await (const { headers } of messagesOf(deadLetterStream)) {
        found.push({
          eventId: headers.get('ce-id'),
          consumer: headers.get('dead-letter-consumer'),
          subject: headers.get('dead-letter-subject'),
          reason: headers.get('dead-letter-reason'),
        })
      }
      return found
    },
    /** Publishes a message again as if the broker had delivered it once more; its id is not there to be recognised by. */
    again: async ({ subject, data, headers }: StoredMessage): Promise<void> => {
      const copy = createHeaders()
      for (const [name, values] of headers) {
        if (!name.toLowerCase().startsWith('nats-')) for (const value of values) copy.append(name, value)
      }
      await client.publish(subject, data, { headers: copy })
    },
    /** Puts something into a stream that no program of ours would; returns the event's id. */
    publish: async (
      subject: string,
      body: string | Uint8Array,
      attributes: Record<string, string> = {},
    ): Promise<string> => {
      const id = randomUUID()
      const given = { 'ce-id': id, 'ce-type': subject, 'ce-time': new Date().toISOString(), ...attributes }
      const headers = createHeaders()
      for (const [name, value] of Object.entries(given)) headers.set(name, value)
      await client.publish(subject, body, { headers })
      return id
    },
    close: () => connection.close(),
  }
}
