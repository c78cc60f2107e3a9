import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { type Figures, measureInventory, type Run, rushBuyers, rushUnits, spreadOver } from './measure.ts'

export const inventory: Bench = {
  name: 'inventory',
  help: `Reservations through the event path, with one, two and four processes of the service, a database and a broker of their own:
orders for one SKU against orders for ${spreadOver} SKUs, and ${rushBuyers} buyers for ${rushUnits} units. Fails when a unit too many is held.

  --orders N     orders of one run (6000)
  --rounds N     runs of each case; the median is shown (3)
  --replicas L   how many processes, separated by commas (1,2,4)`,
  run: async ({ orders, rounds, replicas }, onProgress) => {
    const figures = await measureInventory({
      orders: Number(orders),
      rounds: Number(rounds),
      replicaCounts: replicas.split(',').map(Number),
      onProgress,
    })
    const wrong = figures.flatMap(({ hot, spread, rush }) => [hot, spread, rush]).flatMap((run) => run.wrong)
    return { figures, text: textOf(figures), wrong }
  },
}

function textOf(figures: readonly Figures[]): string {
  const row = (
    replicas: number,
    name: string,
    { perSecond, held, conflicts, p50Ms, p99Ms, cpuUs, wrong }: Run,
    note = '',
  ) => [
    replicas,
    name,
    Math.round(perSecond),
    held,
    conflicts,
    Math.round(p50Ms),
    Math.round(p99Ms),
    [cpuUs.service, cpuUs.database, cpuUs.broker].map(Math.round).join(' + '),
    wrong.length === 0 ? 'nothing' : wrong.length,
    note,
  ]
  return table(
    [
      'replicas',
      'orders for',
      'per second',
      'held',
      'conflicting writes',
      'p50 ms',
      'p99 ms',
      'µs of CPU per order: service + database + broker',
      'wrong',
      'ratio',
    ],
    figures.flatMap(({ replicas, hot, spread, rush, ratio }) => [
      row(replicas, 'one SKU', hot, `${ratio.toFixed(2)} (${atLeast(ratio, 0.8)})`),
      row(replicas, `${spreadOver} SKUs`, spread),
      row(replicas, `${rushUnits} units, ${rushBuyers} buyers`, rush),
    ]),
  )
}
