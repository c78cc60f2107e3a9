import { parseArgs } from 'node:util'
import { type FaultKind, faultKinds } from './faults.ts'
import { playAll } from './play-all.ts'
import { report } from './report.ts'
import { shrink } from './shrink.ts'

const help = `Usage: pnpm simulate [options]

Plays shops in memory: the use cases of orders, inventory and payments, with every fault as a probability, and checks the
invariants once each has come to rest. A seed that fails is made as small as it still fails, and told as a story.

  --seeds N      shops to play (10000)
  --seed S       plays this one only
  --from S       first seed (1)
  --orders N     customers of a shop (5)
  --faults LIST  of ${faultKinds.join(', ')}, separated by commas (all)
  --help         print this
`

const { values } = parseArgs({
  options: {
    seeds: { type: 'string', default: '10000' },
    seed: { type: 'string' },
    from: { type: 'string', default: '1' },
    orders: { type: 'string', default: '5' },
    faults: { type: 'string', default: faultKinds.join(',') },
    help: { type: 'boolean', default: false },
  },
})

const isKind = (name: string): name is FaultKind => faultKinds.some((kind) => kind === name)

async function main(): Promise<void> {
  const named = values.faults.split(',').filter((name) => name !== '')
  const unknown = named.filter((name) => !isKind(name))
  if (unknown.length > 0) throw new Error(`there is no fault ${unknown.join(', ')}; there are ${faultKinds.join(', ')}`)
  const faults = new Set(named.filter(isKind))
  const orders = Number(values.orders)
  const first = Number(values.seed ?? values.from)
  const count = values.seed === undefined ? Number(values.seeds) : 1
  if (![orders, first, count].every((number) => Number.isSafeInteger(number) && number > 0)) {
    throw new Error('seeds and orders are whole numbers above zero')
  }
  const startedAt = performance.now()
  const { accepted, failed } = await playAll({ first, count, orders, faults }, (shops) => {
    if (process.stderr.isTTY) process.stderr.write(`\r  ${shops} of ${count} shops`)
  })
  if (failed !== undefined) {
    const smallest = await shrink({ seed: failed, orders, faults })
    process.stdout.write(`${report(smallest.run, smallest.outcome)}\n`)
    process.exitCode = 1
    return
  }
  const seconds = (performance.now() - startedAt) / 1000
  process.stdout.write(
    `${count} shops, ${accepted} orders, no violation; ${Math.round(accepted / seconds)} orders per second\n`,
  )
}

if (values.help) process.stdout.write(help)
else {
  main().catch((error: unknown) => {
    process.stderr.write(`simulate: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
}
