import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { measureSpans } from './measure.ts'

export const spans: Bench = {
  name: 'spans',
  help: `One order by its spans, as a collector is sent them: when each step begins after the request and how long it takes, while
nobody else orders. Medians of the orders of all rounds.

  --rounds N     twenty orders each, one after another (3)`,
  run: async ({ rounds }, onProgress) => {
    const figures = await measureSpans({ rounds: Number(rounds), onProgress })
    const rows = figures.map(({ service, name, beginsMs, takesMs }) => [
      service,
      name,
      beginsMs.toFixed(1),
      takesMs.toFixed(1),
    ])
    return { figures, text: table(['service', 'step', 'begins after ms', 'takes ms'], rows) }
  },
}
