import type { Bench } from '../options.ts'
import { cpuTotal } from '../shop/load.ts'
import { table } from '../table.ts'
import { measureMixed } from './measure.ts'

export const mixed: Bench = {
  name: 'mixed',
  help: `What a shop does all day: 90 % reads of the catalogue, 9 % orders until confirmed, 1 % sign-ins.

  --clients N    concurrent clients (32)
  --rounds N     runs; the median is shown (3)
  --seconds S    length of one run (3)`,
  run: async ({ clients = '32', rounds, seconds }, onProgress) => {
    const figures = await measureMixed({
      clients: Number(clients),
      rounds: Number(rounds),
      seconds: Number(seconds),
      onProgress,
    })
    const row = [
      `${clients} clients`,
      Math.round(figures.perSecond),
      figures.p50Ms.toFixed(1),
      figures.p99Ms.toFixed(0),
      cpuTotal(figures).toFixed(2),
    ]
    return { figures, text: table(['requests', 'per second', 'p50 ms', 'p99 ms', 'ms of CPU each'], [row]) }
  },
}
