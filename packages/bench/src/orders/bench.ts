import type { Bench } from '../options.ts'
import { cpuTotal, type Run } from '../shop/load.ts'
import { table } from '../table.ts'
import { atLeast, atMost } from '../verdict.ts'
import { type Figures, measureOrders } from './measure.ts'

export const orders: Bench = {
  name: 'orders',
  help: `Orders through the gateway, every process of the system on this machine, durable: one to three lines out of 1000 SKUs, placed,
waited for until confirmed and read back by each client in turn; then at a fixed rate of half the best.

  --clients L    how many clients, separated by commas (1,8,32,128)
  --rounds N     runs of each; the median is shown (3)
  --seconds S    length of one run (3)`,
  run: async ({ clients = '1,8,32,128', rounds, seconds }, onProgress) => {
    const figures = await measureOrders({
      clientCounts: clients.split(',').map(Number),
      rounds: Number(rounds),
      seconds: Number(seconds),
      onProgress,
    })
    return { figures, text: textOf(figures) }
  },
}

function textOf({ closed, open, limits, steps, eventLoopMs, floor }: Figures): string {
  const row = (name: string, run: Run, target = '') => [
    name,
    Math.round(run.perSecond),
    run.p50Ms.toFixed(0),
    run.p99Ms.toFixed(0),
    cpuTotal(run).toFixed(2),
    target,
  ]
  const best = Math.max(...closed.map(({ perSecond }) => perSecond))
  const names = Object.keys(closed[0]?.cpuMsEach ?? {})
  return [
    table(
      ['orders', 'per second', 'p50 ms', 'p99 ms', 'ms of CPU each', 'target'],
      [
        ...closed.map((run) =>
          row(`${run.clients} clients`, run, run.clients === 32 ? `${atLeast(run.perSecond, 400)} per second` : ''),
        ),
        row('fixed rate, accepted', open.accepted, `p99 ${atMost(open.accepted.p99Ms, 25)} ms`),
        row('fixed rate, confirmed', open.confirmed, `p99 ${atMost(open.confirmed.p99Ms, 300)} ms`),
      ],
    ),
    '\nms of CPU per order, by process',
    table(
      ['clients', ...names],
      closed.map(({ clients, cpuMsEach }) => [clients, ...names.map((name) => cpuMsEach[name]?.toFixed(2) ?? '')]),
    ),
    '\nwhat an order cannot do without, each measured alone in the same run',
    table(
      ['step', 'per second', 'of them per order'],
      [
        ['request to a bare Fastify route', Math.round(limits.requests), steps.requests.toFixed(1)],
        ['durable write of a document', Math.round(limits.writes), steps.writes.toFixed(1)],
        ['publication that is acknowledged', Math.round(limits.publications), steps.publications.toFixed(1)],
      ],
    ),
    `\nwith 32 clients an order takes ${steps.commands.toFixed(1)} round trips to the database and ${steps.flushes.toFixed(2)} flushes of it`,
    '\np99 of the event-loop delay in ms',
    table(Object.keys(eventLoopMs), [Object.values(eventLoopMs).map((ms) => ms.toFixed(1))]),
    `\n${Math.round(floor)} orders per second, were there nothing else; reached: ${(best / floor).toFixed(2)} of it`,
  ].join('\n')
}
