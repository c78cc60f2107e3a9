import { randomUUID } from 'node:crypto'
import { headers as createHeaders } from '@nats-io/nats-core'
import type { DomainEvent } from '@tradewind/contracts/event'
import type { Messaging } from '@tradewind/messaging/connection'

export type Publish = (event: DomainEvent, writtenAt?: Date) => Promise<void>

/** Puts events on the broker as their owners would, each time as a message of its own, so that no broker drops it. */
export const publisherOn =
  ({ client }: Pick<Messaging, 'client'>): Publish =>
  async ({ id, type, data }, writtenAt = new Date('2026-01-02T03:04:05Z')) => {
    const headers = createHeaders()
    const attributes = { 'ce-id': id, 'ce-type': type, 'ce-time': writtenAt.toISOString(), 'ce-specversion': '1.0' }
    for (const [name, value] of Object.entries(attributes)) headers.set(name, value)
    await client.publish(type, JSON.stringify(data), { msgID: randomUUID(), headers })
  }
