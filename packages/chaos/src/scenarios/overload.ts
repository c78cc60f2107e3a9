import { setTimeout as delay } from 'node:timers/promises'
import { createChance } from '@tradewind/testkit/chance'
import { eventually } from '@tradewind/testkit/eventually'
import { startLoad } from '../load.ts'
import type { Scenario, Stage } from '../scenario.ts'

/** Customers that the system can just serve on a small machine; the multiples are of these. */
const peakClients = 8
const multiples = [1, 3, 10]
const secondsOfEach = Number(process.env['OVERLOAD_SECONDS'] ?? 15)
const leastGoodput = 0.9
const normalWithinMs = 30_000

/** Orders confirmed per second while so many clients order as fast as they can. */
async function goodputOf({ floor, shop, skus }: Stage, clients: number) {
  const customers = await Promise.all(Array.from({ length: 8 }, () => shop.newCustomer()))
  const { gatewayUrl } = floor
  const methods = ['pm_approve'] as const
  const load = startLoad({
    gatewayUrl,
    chance: createChance(clients),
    skus: [skus[0]],
    customers,
    clients,
    pauseMs: 0,
    cancels: 0,
    methods,
  })
  // The queues fill first.
  await delay(3000)
  const [before, startedAt] = [await floor.confirmedOrders(), performance.now()]
  await delay(secondsOfEach * 1000)
  const perSecond = ((await floor.confirmedOrders()) - before) / ((performance.now() - startedAt) / 1000)
  const { statuses, slowestMs } = await load.stop()
  return {
    perSecond,
    answers: `${[...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')}, ${slowestMs} ms at most`,
  }
}

export const overload: Scenario = {
  name: 'overload',
  what: 'as many clients as can just be served, then 3 and 10 times as many: at least 0.9 of the orders, and normal within 30 s',
  load: { clients: 1, pauseMs: 500 },
  units: [100_000],
  play: async (stage) => {
    const { shop, skus, fault } = stage
    let peak = 0
    for (const multiple of multiples) {
      const { perSecond, answers } = await goodputOf(stage, multiple * peakClients)
      fault(`${multiple} × ${peakClients} clients: ${perSecond.toFixed(0)} orders per second (${answers})`)
      if (multiple === 1) peak = perSecond
      if (perSecond < leastGoodput * peak)
        throw new Error(`${perSecond.toFixed(0)} orders per second at ${multiple} times the peak of ${peak.toFixed(0)}`)
    }
    const token = await shop.newCustomer()
    const stoppedAt = performance.now()
    await eventually(
      async () => {
        const askedAt = performance.now()
        const { status } = await shop.place(token, [{ sku: skus[0], quantity: 1 }], {
          key: `probe-${askedAt}`,
          waitSeconds: 10,
        })
        return status === 201 && performance.now() - askedAt < 1000
      },
      { timeoutMs: normalWithinMs, everyMs: 500 },
    )
    fault(`normal after ${Math.round(performance.now() - stoppedAt)} ms`)
  },
}
