import { parseArgs } from 'node:util'
import { mutants } from './mutants.ts'
import { runMutant } from './run-mutant.ts'

const help = `Usage: pnpm mutants [mutant …] [options]

Takes one guard out of the source at a time, as it is loaded, and plays what must notice: the simulator or a scenario of the
matrix. Exits 1 when a mutant is not caught.

  --list    names the mutants
  --help    print this
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { list: { type: 'boolean', default: false }, help: { type: 'boolean', default: false } },
})
const say = (line: string) => process.stdout.write(`${line}\n`)

async function main(): Promise<void> {
  const unknown = positionals.filter((name) => mutants.every((mutant) => mutant.name !== name))
  if (unknown.length > 0) throw new Error(`there is no mutant ${unknown.join(', ')}; --list names them`)
  for (const mutant of mutants.filter(({ name }) => positionals.length === 0 || positionals.includes(name))) {
    const startedAt = performance.now()
    const { isCaught, said } = await runMutant(mutant)
    const seconds = ((performance.now() - startedAt) / 1000).toFixed(1)
    say(`${mutant.name}: ${isCaught ? 'caught' : 'NOT CAUGHT'} by ${mutant.caughtBy} after ${seconds} s: ${said}`)
    if (!isCaught) process.exitCode = 1
  }
}

if (values.help) process.stdout.write(help)
else if (values.list)
  for (const { name, guard, caughtBy } of mutants) say(`${name.padEnd(28)} ${caughtBy.padEnd(26)} ${guard}`)
else {
  main().catch((error: unknown) => {
    process.stderr.write(`mutants: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
}
