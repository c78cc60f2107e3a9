import { closedLoop, middle, openLoop, type Run, warmUpSeconds } from '../shop/load.ts'
import { confirmOrder, placeOrder } from '../shop/place-order.ts'
import { openShop } from '../shop/shop.ts'
import { eventLoopDelays } from './event-loop.ts'
import { countSteps, floorOf, type Limits, measureLimits, type Steps } from './limits.ts'

export interface Options {
  /** How many clients place orders at once, one after another. */
  readonly clientCounts: readonly number[]
  readonly rounds: number
  /** Length of one run. */
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Figures {
  /** Each client places an order, waits until it is confirmed, reads it back, and begins again. */
  readonly closed: readonly (Run & { readonly clients: number })[]
  /** Orders come at a fixed rate, half of the best. */
  readonly open: { readonly accepted: Run; readonly confirmed: Run }
  readonly limits: Limits
  /** How often an order takes each of them. */
  readonly steps: Steps
  /** The 99th percentile of each service's event-loop delay with 32 clients, in milliseconds. */
  readonly eventLoopMs: Readonly<Record<string, number>>
  /** Orders per second if there were nothing else to do. */
  readonly floor: number
}

const skuCount = 1000
const warmUpClients = 32

/** Orders through the gateway with every process of the system on this machine, durable, over 1,000 SKUs. */
export async function measureOrders({ clientCounts, rounds, seconds, onProgress }: Options): Promise<Figures> {
  onProgress('starting the system and filling its shelves')
  const shop = await openShop(skuCount, Math.max(...clientCounts))
  const orderAndRead = async (client: number) => {
    const { id, token } = await confirmOrder(shop, client)
    await shop.api.call(`/v1/orders/${id}`, 200, { token })
  }
  try {
    await closedLoop(shop, warmUpClients, warmUpSeconds, orderAndRead)
    const closed: (Run & { clients: number })[] = []
    for (const clients of clientCounts) {
      const runs: Run[] = []
      for (let round = 0; round < rounds; round += 1) {
        runs.push(await closedLoop(shop, clients, seconds, orderAndRead))
      }
      const run = middle(runs)
      closed.push({ clients, ...run })
      onProgress(`${clients} clients: ${Math.round(run.perSecond)} confirmed orders per second`)
    }
    const half = Math.max(1, Math.round(Math.max(...closed.map(({ perSecond }) => perSecond)) / 2))
    const accepted: Run[] = []
    const confirmed: Run[] = []
    for (let round = 0; round < rounds; round += 1) {
      accepted.push(await openLoop(shop, half, seconds, (client) => placeOrder(shop, client)))
      confirmed.push(await openLoop(shop, half, seconds, (client) => confirmOrder(shop, client)))
    }
    onProgress(`at ${half} orders per second: p99 to confirmation ${Math.round(middle(confirmed).p99Ms)} ms`)
    onProgress('measuring what an order cannot do without, each alone')
    await eventLoopDelays(shop)
    const steps = await countSteps(shop, async () => {
      const { count } = await closedLoop(shop, warmUpClients, seconds, orderAndRead)
      return { orders: count }
    })
    const eventLoopMs = await eventLoopDelays(shop)
    const limits = await measureLimits(shop, seconds)
    const open = { accepted: middle(accepted), confirmed: middle(confirmed) }
    return { closed, open, limits, steps, eventLoopMs, floor: floorOf(limits, steps) }
  } finally {
    await shop.stop()
  }
}
