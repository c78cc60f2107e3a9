import type { ServiceName } from './floor.ts'

/** What a service does that leaves a mark outside of it. */
export type Deed = 'write' | 'publish' | 'ack'

/** A moment in the work of a service, as it is seen on the wire: `orders-publish-after`. */
export interface Failpoint {
  readonly name: string
  readonly service: ServiceName
  readonly to: 'mongodb' | 'nats'
  readonly moment: 'before' | 'after'
  readonly pattern: Buffer
}

/** The collections whose writes move an order on, and the events that tell of it. */
const marks = [
  { service: 'orders', collection: 'orders', subject: 'orders.order.' },
  { service: 'inventory', collection: 'reservations', subject: 'inventory.reservation.' },
  { service: 'payments', collection: 'payments', subject: 'payments.payment.' },
  { service: 'notifications', collection: 'notifications', subject: 'notifications.notification.' },
] as const satisfies readonly { service: ServiceName; collection: string; subject: string }[]

/** The first field of a command (OP_MSG, kind 0): its name as a BSON string with the collection's name. */
export function commandOn(command: string, collection: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeInt32LE(collection.length + 1)
  return Buffer.concat([Buffer.from(`\u0002${command}\0`), length, Buffer.from(`${collection}\0`)])
}

/** Every service before and after it writes, publishes and acknowledges. */
export const failpoints: readonly Failpoint[] = marks.flatMap(({ service, collection, subject }) => {
  const deeds: readonly (readonly [Deed, 'mongodb' | 'nats', Buffer])[] = [
    ['write', 'mongodb', commandOn('update', collection)],
    ['publish', 'nats', Buffer.from(`HPUB ${subject}`)],
    ['ack', 'nats', Buffer.from('$JS.ACK.')],
  ]
  return deeds.flatMap(([deed, to, pattern]) =>
    (['before', 'after'] as const).map((moment) => ({
      name: `${service}-${deed}-${moment}`,
      service,
      to,
      moment,
      pattern,
    })),
  )
})
