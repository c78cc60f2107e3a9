import { checkOut } from '../checkout.ts'
import { type Scenario, servicesWithEvents } from '../scenario.ts'

export const rollingRestart: Scenario = {
  name: 'rolling-restart',
  what: 'every service and the gateway is replaced under kept-alive clients: no reset, no answer above 499',
  load: { cancels: 0 },
  play: async ({ floor, chance, fault, orders }) => {
    for (const name of chance.shuffled([...servicesWithEvents, 'auth', 'gateway'] as const)) {
      await orders(chance.integer(10, 30))
      fault(`replaced ${name}`)
      await floor.replace(name)
    }
    await orders(50)
  },
  judge: ({ statuses }) =>
    [...statuses]
      .filter(([status]) => status === 0 || status >= 500)
      .map(([status, count]) => `${count} requests ended with ${status === 0 ? 'a reset' : status}`),
}

/** The version that is replaced; by default the commit before this one. */
const previousCommit = process.env['CHAOS_PREVIOUS'] ?? 'HEAD^'

export const mixedVersions: Scenario = {
  name: 'mixed-versions',
  what: 'each service in turn is the version of CHAOS_PREVIOUS (the commit before) among the current ones, then all of them',
  load: { cancels: 0.2 },
  play: async ({ floor, chance, fault, orders }) => {
    const previous = await checkOut(previousCommit)
    try {
      for (const name of chance.shuffled(servicesWithEvents)) {
        fault(`${name} of ${previousCommit}`)
        await floor.replace(name, previous.path)
        await orders(20)
        await floor.replace(name)
        await orders(10)
      }
      fault(`every service of ${previousCommit}, updated one after another`)
      for (const name of servicesWithEvents) await floor.replace(name, previous.path)
      for (const name of chance.shuffled(servicesWithEvents)) {
        await orders(10)
        await floor.replace(name)
      }
      await orders(20)
    } finally {
      await previous.remove()
    }
  },
}
