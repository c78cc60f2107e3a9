import type { Shop } from '../shop/shop.ts'

/** The 99th percentile of each service's event-loop delay since it was asked last, in milliseconds. */
export async function eventLoopDelays({ processes }: Shop): Promise<Readonly<Record<string, number>>> {
  const delays = await Promise.all(
    processes.map(async ({ name, adminUrl }) => {
      if (adminUrl === undefined) return []
      const text = await (await fetch(`${adminUrl}/metrics`)).text()
      const secondsOf = (figure: string) =>
        Number(new RegExp(`^nodejs_eventloop_lag_${figure}_seconds(?:\\{[^}]*\\})? (\\S+)`, 'm').exec(text)?.[1])
      // Every sample holds the interval of the sampler, which the least of them comes to.
      return [[name, (secondsOf('p99') - secondsOf('min')) * 1000] as const]
    }),
  )
  return Object.fromEntries(delays.flat())
}
