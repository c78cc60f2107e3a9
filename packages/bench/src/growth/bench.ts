import type { Bench } from '../options.ts'
import { cpuTotal } from '../shop/load.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureGrowth } from './measure.ts'

export const growth: Bench = {
  name: 'growth',
  help: `Orders until confirmed, in shops that have stored few and many.

  --sizes L      how many are stored, separated by commas (1000,100000)
  --clients N    concurrent clients (32)
  --rounds N     runs of each; the median is shown (3)
  --seconds S    length of one run (3)`,
  run: async ({ sizes, clients = '32', rounds, seconds }, onProgress) => {
    const figures = await measureGrowth({
      sizes: sizes.split(',').map(Number),
      clients: Number(clients),
      rounds: Number(rounds),
      seconds: Number(seconds),
      onProgress,
    })
    const first = figures[0]?.run.perSecond ?? Number.NaN
    const rows = figures.map(({ orders, run }) => [
      orders,
      Math.round(run.perSecond),
      run.p99Ms.toFixed(0),
      cpuTotal(run).toFixed(2),
      `${(run.perSecond / first).toFixed(2)} (${atLeast(run.perSecond / first, 0.9)})`,
    ])
    return { figures, text: table(['orders stored', 'per second', 'p99 ms', 'ms of CPU each', 'of the first'], rows) }
  },
}
