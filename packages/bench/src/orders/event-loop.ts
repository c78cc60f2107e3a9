import type { Shop } from '../shop/shop.ts'

/** The 99th percentile of each service's event-loop delay since it was asked last, in milliseconds. */
export async function eventLoopDelays({ processes }: Shop): Promise<Readonly<Record<string, number>>> {
  const delays = await Promise.all(
    processes.map(async ({ name, adminUrl }) => {
      if (adminUrl === undefined) return []
      const text = await (await fetch(`${adminUrl}/metrics`)).text()
      const seconds = /^nodejs_eventloop_lag_p99_seconds(?:\{[^}]*\})? (\S+)/m.exec(text)?.[1]
      if (seconds === undefined) throw new Error(`${name} does not tell of the delay of its event loop`)
      return [[name, Number(seconds) * 1000] as const]
    }),
  )
  return Object.fromEntries(delays.flat())
}
