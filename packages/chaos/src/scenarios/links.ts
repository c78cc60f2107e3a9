import { setTimeout as delay } from 'node:timers/promises'
import type { LinkFault } from '@tradewind/testkit/link-proxy'
import { commandOn } from '../failpoints.ts'
import { answeredInTime, type Scenario, servicesWithEvents } from '../scenario.ts'

interface Kind {
  readonly what: string
  readonly wrong: LinkFault
}

const kinds: readonly [Kind, ...Kind[]] = [
  { what: 'nothing goes forth', wrong: { kind: 'stalled', direction: 'forth' } },
  { what: 'nothing comes back', wrong: { kind: 'stalled', direction: 'back' } },
  { what: 'half-open', wrong: { kind: 'half-open' } },
  { what: '200 ms slower', wrong: { kind: 'slow', ms: 200 } },
  { what: '20 KB/s', wrong: { kind: 'narrow', bytesPerSecond: 20_000 } },
]
const lastMs = 4000

export const partition: Scenario = {
  name: 'partition',
  what: 'every link in turn: one way or both ways silent, half-open, slow, narrow, or reset',
  play: async ({ floor, chance, fault, orders }) => {
    for (const [name, proxy] of chance.shuffled([...floor.links])) {
      const { what, wrong } = chance.oneOf(kinds)
      fault(`${name}: ${what}`)
      proxy.set(wrong)
      await delay(chance.integer(lastMs / 2, lastMs))
      proxy.set(undefined)
      proxy.reset()
    }
    await orders(20)
  },
}

const collections = {
  orders: 'orders',
  inventory: 'stock',
  payments: 'payments',
  notifications: 'notifications',
} as const

export const databaseReset: Scenario = {
  name: 'database-reset',
  what: 'the connection to the database is reset right before and after a write has reached it',
  play: async ({ floor, chance, fault, orders }) => {
    for (const service of chance.shuffled([...servicesWithEvents, ...servicesWithEvents])) {
      for (const [command, moment] of [
        ['update', 'before'],
        ['update', 'after'],
        ['insert', 'after'],
      ] as const) {
        // Stock is only changed, never made, while customers buy.
        const collection = command === 'insert' && service === 'inventory' ? 'reservations' : collections[service]
        const proxy = floor.link(service, 'mongodb')
        const sprung = Promise.withResolvers<void>()
        const disarm = proxy.trap({ pattern: commandOn(command, collection), moment, spring: sprung.resolve })
        await Promise.race([sprung.promise, delay(10_000, undefined, { ref: false })])
        disarm()
        proxy.reset()
        fault(`reset ${service} ${moment} an ${command} of ${collection}`)
      }
      await orders(chance.integer(1, 5))
    }
    await orders(20)
  },
  judge: answeredInTime,
}
