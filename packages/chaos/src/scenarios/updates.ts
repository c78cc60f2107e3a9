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
