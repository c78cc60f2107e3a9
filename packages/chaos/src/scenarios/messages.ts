import { openBroker, type StoredMessage } from '../broker.ts'
import type { Scenario } from '../scenario.ts'

export const duplicates: Scenario = {
  name: 'duplicates-and-reordering',
  what: 'every event so far arrives one to five times more, shuffled, while new ones are on their way',
  play: async ({ floor, chance, fault, orders }) => {
    const broker = await openBroker(floor.system.natsUrl)
    try {
      for (let times = 0; times < 2; times += 1) {
        await orders(40)
        const known = await broker.all()
        const copies: StoredMessage[] = known.flatMap((message) =>
          Array.from({ length: chance.integer(1, 5) }, () => message),
        )
        fault(`delivered ${known.length} events ${copies.length} times more, in any order`)
        for (const message of chance.shuffled(copies)) await broker.again(message)
      }
    } finally {
      await broker.close()
    }
    await orders(20)
  },
}

const nobodysOrder = `ord_${'0'.repeat(32)}`
const largestBytes = 1024 * 1024 - 4096

export const poison: Scenario = {
  name: 'poison',
  what: 'events that are no JSON, of an unknown version, without attributes, of 1 MiB, and about no order at all',
  play: async ({ floor, fault, poison: noted, orders }) => {
    const broker = await openBroker(floor.system.natsUrl)
    const held = 'inventory.reservation.held.v1'
    try {
      await orders(10)
      noted(await broker.publish(held, '{"orderId":'))
      noted(await broker.publish(held, '{}'))
      noted(
        await broker.publish(held, JSON.stringify({ orderId: nobodysOrder, allocations: 'x'.repeat(largestBytes) })),
      )
      noted(await broker.publish('inventory.reservation.held.v9', '{}'))
      noted(await broker.publish(held, '{}', { 'ce-time': 'yesterday' }))
      // The handler throws, as there is no such order: it is tried eight times, for half a minute.
      noted(
        await broker.publish(
          'inventory.reservation.released.v1',
          JSON.stringify({ orderId: nobodysOrder, restocked: false }),
        ),
      )
      fault('published six events that nobody can handle')
    } finally {
      await broker.close()
    }
    await orders(60)
  },
}
