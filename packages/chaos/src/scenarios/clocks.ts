import { setTimeout as delay } from 'node:timers/promises'
import { setClock, withSkewedClocks } from '../clock.ts'
import { type Scenario, servicesWithEvents } from '../scenario.ts'

const hourMs = 3600_000
const faults = {
  'an hour ahead': () => ({ offsetMs: hourMs }),
  'an hour behind': () => ({ offsetMs: -hourMs }),
  'standing still': () => ({ offsetMs: 0, frozenAt: Date.now() }),
} as const
const lastMs = 2500

export const clock: Scenario = {
  name: 'clock',
  what: 'the clock of each service goes an hour ahead, an hour behind, and stands still, with a jump into each and out of it',
  env: withSkewedClocks,
  play: async ({ floor, chance, fault, orders }) => {
    for (const service of chance.shuffled(servicesWithEvents)) {
      for (const [what, wrong] of chance.shuffled(Object.entries(faults))) {
        await orders(5)
        fault(`${service}: ${what}`)
        // While orders is ahead, tokens have expired for it and it takes no orders, so this lasts by the clock.
        await setClock(floor.dataDir, service, wrong())
        await delay(lastMs)
        await setClock(floor.dataDir, service, { offsetMs: 0 })
      }
    }
    await orders(20)
  },
}
