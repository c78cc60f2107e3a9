import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atMost } from '../verdict.ts'
import { measureStart } from './measure.ts'

export const start: Bench = {
  name: 'start',
  help: `From the start command to its first confirmed order, where everything is installed already.

  --rounds N     how often; the median is shown (3)`,
  run: async ({ rounds }, onProgress) => {
    const figures = await measureStart({ rounds: Number(rounds), onProgress })
    const row = (name: string, ms: number) => [name, (ms / 1000).toFixed(1), atMost(ms / 1000, 6)]
    const rows = [row('with an empty data folder', figures.firstMs), row('with data', figures.againMs)]
    const ready = Object.entries(figures.readyMs)
    const starts = table(['start', 'seconds to the confirmed order', 'target'], rows)
    return { figures, text: `${starts}\n\n${table(['process', 'ms until ready'], ready)}` }
  },
}
