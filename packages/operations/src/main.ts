#!/usr/bin/env node
import { Command } from 'commander'
import { openDeadLetterDesk } from './dead-letters.ts'
import { verify } from './verify.ts'

/** Something does not hold, or an event could not be handled this time either. */
const refusedExitCode = 2

const program = new Command('tradewind')
  .description('Says whether everything holds, and works on what consumers gave up.')
  .option('--json', 'answers with JSON, for scripts')
  .showHelpAfterError()

function say(outcome: unknown, lines: readonly string[]): void {
  const { json } = program.opts<{ json?: boolean }>()
  process.stdout.write(`${json === true ? JSON.stringify(outcome) : lines.join('\n')}\n`)
}

function setting(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new Error(`${name} is not set`)
  return value
}

program
  .command('verify')
  .description(
    'holds the databases (MONGODB_URL), the simulated provider’s ledger and the dead letters (NATS_URL) against the invariants, also while the system runs; exits 2 when something does not hold',
  )
  .option('--prefix <text>', 'what the names of the databases begin with', 'tradewind_')
  .option('--stuck-after <minutes>', 'how long an order may be under way', '15')
  .action(async ({ prefix, stuckAfter }: { prefix: string; stuckAfter: string }) => {
    const minutes = Number(stuckAfter)
    if (!(minutes >= 0)) throw new Error('--stuck-after is a number of minutes')
    const natsUrl = process.env['NATS_URL']
    const { violations, notShown } = await verify({
      mongodbUrl: setting('MONGODB_URL'),
      databasePrefix: prefix,
      stuckAfterMs: minutes * 60_000,
      ...(natsUrl !== undefined && natsUrl !== '' && { natsUrl }),
    })
    if (violations.length > 0) process.exitCode = refusedExitCode
    const told = violations.flatMap(({ invariant, message, documents }) => [
      `${invariant} ${message}`,
      ...documents.map((document) => `   ${JSON.stringify(document)}`),
    ])
    const more = Object.entries(notShown).map(([invariant, count]) => `${invariant} ${count} more`)
    const outcome = more.length === 0 ? { violations } : { violations, notShown }
    say(outcome, violations.length === 0 ? ['everything holds'] : [...told, ...more])
  })

const desk = () => openDeadLetterDesk({ url: setting('TRADEWIND_URL'), token: setting('TRADEWIND_TOKEN') })

const letters = program
  .command('dead-letters')
  .description('events that a consumer gave up, through the API at TRADEWIND_URL with the token in TRADEWIND_TOKEN')

letters
  .command('list')
  .description('all of them, the oldest first')
  .action(async () => {
    const found = await desk().list()
    say(
      { items: found },
      found.length === 0
        ? ['there are none']
        : found.map(({ id, at, consumer, type, reason }) => `${id}  ${at}  ${consumer}  ${type}  ${reason}`),
    )
  })

letters
  .command('show')
  .description('one with what it says')
  .argument('<id>')
  .action(async (id: string) => {
    const letter = await desk().show(id)
    say(
      letter,
      Object.entries(letter).map(([name, value]) => `${name}: ${value}`),
    )
  })

letters
  .command('replay')
  .description('has it handled once more, as it is; exits 2 when that fails again')
  .argument('<id>')
  .action(async (id: string) => {
    const { failure } = await desk().replay(id)
    if (failure !== null) process.exitCode = refusedExitCode
    say({ failure }, [failure === null ? 'handled' : `failed again: ${failure}`])
  })

letters
  .command('discard')
  .description('removes it for good')
  .argument('<id>')
  .requiredOption('--reason <text>', 'why it may go')
  .action(async (id: string, { reason }: { reason: string }) => {
    await desk().discard(id, reason)
    say({ discarded: id }, ['discarded'])
  })

try {
  await program.parseAsync()
} catch (error) {
  process.stderr.write(`tradewind: ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}
