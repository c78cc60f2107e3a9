import { parseArgs } from 'node:util'
import { openFloor } from './floor.ts'
import { matrix } from './matrix.ts'
import { type Outcome, play } from './play.ts'
import type { Scenario } from './scenario.ts'

const help = `Usage: pnpm chaos [scenario …] [options]

Starts the whole system as processes, lets customers buy, brings faults about, and checks the invariants once all has come
to rest. Without a scenario it plays all of them. Exits 1 when something does not hold.

  --seed S    first seed (1); the same seed makes the same choices, as far as processes allow
  --runs N    so many times, with the seeds that follow (1)
  --until-found  ends with the first run that finds something
  --list      names the scenarios
  --json      one JSON object per run
  --table     ends with the figures as a table in Markdown
  --keep      leaves the data and the logs of a run that failed
  --help      print this
`

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seed: { type: 'string', default: '1' },
    runs: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    'until-found': { type: 'boolean', default: false },
    json: { type: 'boolean', default: false },
    table: { type: 'boolean', default: false },
    keep: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
})

const say = (line: string) => process.stdout.write(`${line}\n`)
const whisper = (line: string) => {
  if (!values.json) say(line)
}

function chosen(): readonly Scenario[] {
  const unknown = positionals.filter((name) => matrix.every((scenario) => scenario.name !== name))
  if (unknown.length > 0) throw new Error(`there is no scenario ${unknown.join(', ')}; --list names them`)
  return positionals.length === 0 ? matrix : matrix.filter(({ name }) => positionals.includes(name))
}

function wholeNumber(name: 'seed' | 'runs'): number {
  const number = Number(values[name])
  if (!Number.isSafeInteger(number) || number < 1) throw new Error(`--${name} is a whole number above zero`)
  return number
}

async function runOnce(scenario: Scenario, seed: number): Promise<Outcome> {
  const floor = await openFloor(scenario)
  let isKept = true
  try {
    const outcome = await play(floor, scenario, seed, whisper)
    isKept = values.keep && outcome.violations.length > 0
    return outcome
  } finally {
    await floor.end(values.keep && isKept)
    if (values.keep && isKept) say(`  kept in ${floor.dataDir}`)
  }
}

/** A run that could not be played to its end has failed, too. */
const failedRun = ({ name }: Scenario, seed: number, error: unknown): Outcome => ({
  scenario: name,
  seed,
  orders: 0,
  refused: 0,
  unknown: 0,
  faults: 0,
  recoveryMs: 0,
  slowestAnswerMs: 0,
  violations: [{ invariant: name, message: error instanceof Error ? error.message : String(error), documents: [] }],
})

function report({ orders, faults, recoveryMs, unknown, slowestAnswerMs, violations }: Outcome): void {
  say(
    `  ${orders} orders, ${faults} faults, ${unknown} unknown, slowest answer ${slowestAnswerMs} ms, at rest after ${recoveryMs} ms, ${violations.length} violations`,
  )
  for (const { invariant, message, documents } of violations.slice(0, 20)) {
    say(`  ${invariant} ${message}`)
    for (const document of documents) say(`     ${JSON.stringify(document)}`)
  }
}

const columns = ['scenario', 'seed', 'orders', 'faults', 'slowest answer', 'at rest after', 'violations']

function sayTable(outcomes: readonly Outcome[]): void {
  const rows = outcomes.map(({ scenario, seed, orders, faults, slowestAnswerMs, recoveryMs, violations }) => [
    scenario,
    String(seed),
    String(orders),
    String(faults),
    `${slowestAnswerMs} ms`,
    `${(recoveryMs / 1000).toFixed(1)} s`,
    String(violations.length),
  ])
  for (const row of [columns, columns.map(() => '---'), ...rows]) say(`| ${row.join(' | ')} |`)
}

async function main(): Promise<void> {
  const [first, runs] = [wholeNumber('seed'), wholeNumber('runs')]
  const outcomes: Outcome[] = []
  for (const scenario of chosen()) {
    for (let seed = first; seed < first + runs; seed += 1) {
      whisper(`${scenario.name} --seed ${seed}`)
      const outcome = await runOnce(scenario, seed).catch((error: unknown) => failedRun(scenario, seed, error))
      outcomes.push(outcome)
      if (values.json) say(JSON.stringify(outcome))
      else report(outcome)
      if (outcome.violations.length > 0) process.exitCode = 1
      if (outcome.violations.length > 0 && values['until-found']) return
    }
  }
  if (values.table) sayTable(outcomes)
}

if (values.help) process.stdout.write(help)
else if (values.list) for (const { name, what } of matrix) say(`${name.padEnd(26)} ${what}`)
else {
  main().catch((error: unknown) => {
    process.stderr.write(`chaos: ${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = 2
  })
}
