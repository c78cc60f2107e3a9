import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { measureEmbeddedMongodb, type Result } from './embedded-mongodb/measure.ts'
import { type Figures, measureInventory, type Run, rushBuyers, rushUnits, spreadOver } from './inventory/measure.ts'
import { measureLogin } from './login/measure.ts'
import { measureOrderLists } from './order-lists/measure.ts'
import { measureOrders, type Figures as OrderFigures, type Run as OrderRun } from './orders/measure.ts'
import { table } from './table.ts'

const help = `Usage: pnpm bench <what> [options]

pnpm bench orders
Orders through the gateway, every process of the system on this machine, durable: one to three lines out of 1000 SKUs, placed,
waited for until confirmed and read back by each client in turn; then at a fixed rate of half the best.

  --clients L    how many clients, separated by commas (1,8,32,128)
  --rounds N     runs of each; the median is shown (3)
  --seconds S    length of one run (3)
  --json FILE    write the figures there as well

pnpm bench inventory
Reservations through the event path, with one, two and four processes of the service, a database and a broker of their own:
orders for one SKU against orders for ${spreadOver} SKUs, and ${rushBuyers} buyers for ${rushUnits} units. Fails when a unit too many is held.

  --orders N     orders of one run (6000)
  --rounds N     runs of each case; the median is shown (3)
  --replicas L   how many processes, separated by commas (1,2,4)
  --json FILE    write the figures there as well

pnpm bench order-lists
Pages of orders by customer and by status, from a shop with 1000 orders and from one with --large.

  --large N      orders of the large shop (1000000)
  --rounds N     rounds of each pair (3)
  --json FILE    write the figures there as well

pnpm bench embedded-mongodb
Measures the embedded database through the official driver over TCP, against a server that answers the same commands
without doing the work, in the same run. Every figure is a median of rounds that alternate between the two.

  --clients N    concurrent clients (64)
  --rounds N     rounds of each pair (3)
  --seconds S    length of one run (3)
  --large N      documents of the large collection (1000000)
  --json FILE    write the figures there as well

pnpm bench login
Sign-ins through auth over HTTP, each with a password and a new session, against bare Argon2 with the same parameters on
the same machine, in turns.

  --rounds N     rounds of each (3)
  --seconds S    length of one run (3)
  --json FILE    write the figures there as well

  --help         print this
`

const options = {
  clients: { type: 'string' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  orders: { type: 'string', default: '6000' },
  replicas: { type: 'string', default: '1,2,4' },
  large: { type: 'string', default: '1000000' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const say = (line: string) => process.stdout.write(`${line}\n`)
const progress = (line: string) => process.stderr.write(`  ${line}\n`)

function print({ figures, bulkFactor, large }: Result) {
  say(
    table(
      ['workload', 'per second', 'ceiling', 'ratio', 'target', 'flushes per write'],
      figures.map((figure) => [
        figure.name,
        Math.round(figure.perSecond),
        Math.round(figure.ceiling),
        figure.ratio.toFixed(2),
        verdict(figure.ratio, figure.target),
        figure.flushesPerWrite?.toFixed(3) ?? '',
      ]),
    ),
  )
  say(`\nbulkWrite, per document against single updates: ${bulkFactor.toFixed(1)} times (${verdict(bulkFactor, 5)})`)
  say(
    `${large.documents} documents: loaded in ${large.loadSeconds.toFixed(0)} s, opened in ${large.startSeconds.toFixed(1)} s, ` +
      `${Math.round(large.rssMiB)} MiB resident; reads against 1000 documents: by _id ${large.byIdRatio.toFixed(2)} ` +
      `(${verdict(large.byIdRatio, 0.8)}), by index ${large.byIndexRatio.toFixed(2)} (${verdict(large.byIndexRatio, 0.8)})`,
  )
}

function printInventory(figures: readonly Figures[]) {
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
  say(
    table(
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
        row(replicas, 'one SKU', hot, `${ratio.toFixed(2)} (${verdict(ratio, 0.8)})`),
        row(replicas, `${spreadOver} SKUs`, spread),
        row(replicas, `${rushUnits} units, ${rushBuyers} buyers`, rush),
      ]),
    ),
  )
}

const verdict = (value: number, target: number | undefined) =>
  target === undefined ? '' : value >= target ? `≥ ${target}` : `below ${target}`

async function benchInventory(): Promise<unknown> {
  const figures = await measureInventory({
    orders: Number(values.orders),
    rounds: Number(values.rounds),
    replicaCounts: values.replicas.split(',').map(Number),
    onProgress: progress,
  })
  printInventory(figures)
  const wrong = figures.flatMap(({ hot, spread, rush }) => [hot, spread, rush]).flatMap((run) => run.wrong)
  for (const line of wrong) say(`wrong: ${line}`)
  if (wrong.length > 0) process.exitCode = 1
  return figures
}

async function benchEmbeddedMongodb(): Promise<unknown> {
  const result = await measureEmbeddedMongodb({
    clients: Number(values.clients ?? 64),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    large: Number(values.large),
    onProgress: progress,
  })
  print(result)
  return result
}

async function benchOrderLists(): Promise<unknown> {
  const figures = await measureOrderLists({
    orders: Number(values.large),
    rounds: Number(values.rounds),
    onProgress: progress,
  })
  say(
    table(
      ['pages of 50 orders', `per second of ${values.large}`, 'of 1000', 'ratio'],
      figures.map(({ name, few, many, ratio }) => [
        name,
        Math.round(many),
        Math.round(few),
        `${ratio.toFixed(2)} (${verdict(ratio, 0.9)})`,
      ]),
    ),
  )
  return figures
}

async function benchLogin(): Promise<unknown> {
  const figures = await measureLogin({
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    onProgress: progress,
  })
  const { logins, hashes, ratio } = figures
  say(
    table(
      ['workload', 'per second', 'ceiling', 'ratio', 'target'],
      [['sign in with a password', logins.toFixed(1), hashes.toFixed(1), ratio.toFixed(2), verdict(ratio, 0.85)]],
    ),
  )
  return figures
}

function printOrders({ closed, open }: OrderFigures) {
  const total = ({ cpuMsPerOrder }: OrderRun) => Object.values(cpuMsPerOrder).reduce((sum, ms) => sum + ms, 0)
  const row = (name: string, run: OrderRun, target = '') => [
    name,
    Math.round(run.perSecond),
    run.p50Ms.toFixed(0),
    run.p99Ms.toFixed(0),
    total(run).toFixed(2),
    target,
  ]
  say(
    table(
      ['orders', 'per second', 'p50 ms', 'p99 ms', 'ms of CPU each', 'target'],
      [
        ...closed.map((run) =>
          row(`${run.clients} clients`, run, run.clients === 32 ? `${verdict(run.perSecond, 400)} per second` : ''),
        ),
        row('fixed rate, accepted', open.accepted, `${atMost(open.accepted.p99Ms, 25)} ms`),
        row('fixed rate, confirmed', open.confirmed, `${atMost(open.confirmed.p99Ms, 300)} ms`),
      ],
    ),
  )
  const names = Object.keys(closed[0]?.cpuMsPerOrder ?? {})
  say('\nms of CPU per order, by process')
  say(
    table(
      ['clients', ...names],
      closed.map(({ clients, cpuMsPerOrder }) => [
        clients,
        ...names.map((one) => cpuMsPerOrder[one]?.toFixed(2) ?? ''),
      ]),
    ),
  )
}

const atMost = (value: number, target: number) => (value <= target ? `≤ ${target}` : `above ${target}`)

async function benchOrders(): Promise<unknown> {
  const figures = await measureOrders({
    clientCounts: (values.clients ?? '1,8,32,128').split(',').map(Number),
    rounds: Number(values.rounds),
    seconds: Number(values.seconds),
    onProgress: progress,
  })
  printOrders(figures)
  return figures
}

const benches = new Map([
  ['orders', benchOrders],
  ['order-lists', benchOrderLists],
  ['embedded-mongodb', benchEmbeddedMongodb],
  ['inventory', benchInventory],
  ['login', benchLogin],
])

const { values, positionals } = parseArgs({ options, allowPositionals: true })
const [name = ''] = positionals
const bench = benches.get(name)
if (values.help || positionals.length !== 1 || bench === undefined) {
  say(help)
  process.exit(values.help ? 0 : 2)
}
const measured = await bench()
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(measured, null, 2)}\n`)
