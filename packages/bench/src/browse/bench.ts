import type { Bench } from '../options.ts'
import { cpuTotal } from '../shop/load.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureBrowse } from './measure.ts'

export const browse: Bench = {
  name: 'browse',
  help: `Reads of the catalogue through the gateway, against a bare Fastify route with a schema and a token check, in turns.

  --clients N    concurrent clients (32)
  --rounds N     rounds of each pair (3)
  --seconds S    length of one run (3)`,
  run: async ({ clients = '32', rounds, seconds }, onProgress) => {
    const figures = await measureBrowse({
      clients: Number(clients),
      rounds: Number(rounds),
      seconds: Number(seconds),
      onProgress,
    })
    const rows = figures.map(({ name, run, ratio }) => [
      name,
      Math.round(run.perSecond),
      run.p99Ms.toFixed(1),
      cpuTotal(run).toFixed(2),
      `${ratio.toFixed(2)} (${atLeast(ratio, 0.5)})`,
    ])
    return { figures, text: table(['reads of', 'per second', 'p99 ms', 'ms of CPU each', 'of the bare route'], rows) }
  },
}
