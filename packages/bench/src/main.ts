import { readFile, writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { browse } from './browse/bench.ts'
import { compare } from './compare.ts'
import { embeddedMongodb } from './embedded-mongodb/bench.ts'
import { growth } from './growth/bench.ts'
import { idle } from './idle/bench.ts'
import { inventory } from './inventory/bench.ts'
import { login } from './login/bench.ts'
import { mixed } from './mixed/bench.ts'
import { type Bench, options } from './options.ts'
import { orderLists } from './order-lists/bench.ts'
import { orders } from './orders/bench.ts'
import { profileInto, readProfiles } from './profile.ts'
import { spans } from './spans/bench.ts'
import { start } from './start/bench.ts'

/** In the order in which `system` runs them. */
const system: readonly Bench[] = [start, idle, browse, orders, inventory, mixed, login, growth]
const benches: readonly Bench[] = [...system, spans, orderLists, embeddedMongodb]

const help = `Usage: pnpm bench <what> [options]

pnpm bench system
The whole system as a user runs it, one after another: ${system.map(({ name }) => name).join(', ')}.

${benches.map((bench) => `pnpm bench ${bench.name}\n${bench.help}`).join('\n\n')}

For all of them

  --json FILE    write the figures there as well
  --compare FILE compare the figures with those that an earlier run wrote
  --profile DIR  write a profile of each process there, and print where their time went
  --help         print this
`

const say = (line: string) => process.stdout.write(`${line}\n`)
const progress = (line: string) => process.stderr.write(`  ${line}\n`)

const { values, positionals } = parseArgs({ options, allowPositionals: true })
const [name = ''] = positionals
const chosen = name === 'system' ? system : benches.filter((bench) => bench.name === name)
if (values.help || positionals.length !== 1 || chosen.length === 0) {
  say(help)
  process.exit(values.help ? 0 : 2)
}

if (values.profile !== undefined) await profileInto(values.profile)
const figures: Record<string, unknown> = {}
for (const bench of chosen) {
  progress(`${bench.name}:`)
  const outcome = await bench.run(values, progress)
  figures[bench.name] = outcome.figures
  say(`\n${outcome.text}`)
  for (const line of outcome.wrong ?? []) say(`wrong: ${line}`)
  if (outcome.wrong !== undefined && outcome.wrong.length > 0) process.exitCode = 1
}
if (values.profile !== undefined) say(`\n${await readProfiles(values.profile)}`)
if (values.compare !== undefined) say(`\n${compare(JSON.parse(await readFile(values.compare, 'utf8')), figures)}`)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, null, 2)}\n`)
