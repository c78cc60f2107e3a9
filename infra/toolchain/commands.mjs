import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { constants } from 'node:os'
import { join } from 'node:path'
import { installDependencies } from './dependencies.mjs'
import { Refusal, say } from './say.mjs'
import { reportTests, testArguments } from './test-report.mjs'
import { installTools, root } from './tools.mjs'

const usage = `Usage: node infra/toolchain/run.mjs <command> [arguments]

  start [options]   set everything up and start the whole system (npm start -- --help)
  test  [filters]   set everything up and run every test
  check             set everything up and run the static checks
  setup             set everything up and stop there
  exec  <command>   run a command with the project's own Node and pnpm first on PATH
`

/** @param {string[]} args */
export async function main(args) {
  try {
    process.exitCode = await runCommand(args)
  } catch (error) {
    if (!(error instanceof Refusal)) throw error
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  }
}

/**
 * @param {string[]} args
 * @returns {Promise<number>} the exit code
 */
async function runCommand([command, ...args]) {
  switch (command) {
    case 'start':
      if (args.includes('--help') || args.includes('-h')) {
        process.stdout.write(readFileSync(join(root, 'packages/launcher/src/start-help.txt'), 'utf8'))
        return 0
      }
      return run('node', [join(root, 'packages/launcher/src/start.ts'), ...args], await setUp(), root, 'ipc')
    case 'test':
      return test(args)
    case 'check':
      return run('pnpm', ['run', 'check', ...args], { ...(await setUp()), ...plainUnlessTerminal() }, root)
    case 'setup':
      await setUp()
      return 0
    case 'exec': {
      const [program, ...rest] = args
      if (program === undefined) throw new Refusal(usage)
      return run(program, rest, await setUp(), process.cwd())
    }
    case undefined:
    case '--help':
      process.stdout.write(usage)
      return 0
    default:
      process.stderr.write(`unknown command ${command}\n\n${usage}`)
      return 2
  }
}

async function setUp() {
  const env = await installTools(process.env)
  await installDependencies(env)
  return env
}

/** What runs below a runner cannot see whether there is a terminal. */
const plainUnlessTerminal = () => (process.stdout.isTTY ? {} : { NO_COLOR: '1' })

/** @param {string[]} args */
async function test(args) {
  const env = await setUp()
  // Once, before many test files ask for it at the same time.
  const prepared = await run('node', [join(root, 'packages/launcher/src/prepare-nats-server.ts')], env, root)
  if (prepared !== 0) return prepared
  const code = await run('turbo', testArguments(root, args), { ...env, ...plainUnlessTerminal() }, root)
  const passed = reportTests(root, args)
  return code === 0 && !passed ? 1 : code
}

/**
 * Runs a program in the foreground and hands signals on. One that listens on the channel also notices when we are killed;
 * others must not get it, as they would pass it to programs that trip over it.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {NodeJS.ProcessEnv} env
 * @param {string} cwd
 * @param {'ipc' | 'ignore'} [channel]
 * @returns {Promise<number>} its exit code, 128 and the signal's number when a signal ended it
 */
function run(program, args, env, cwd, channel = 'ignore') {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { cwd, env, stdio: ['inherit', 'inherit', 'inherit', channel] })
    const forward = (/** @type {NodeJS.Signals} */ signal) => child.kill(signal)
    const signals = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP'])
    for (const signal of signals) process.on(signal, forward)
    const settle = () => {
      for (const signal of signals) process.off(signal, forward)
    }
    child.once('error', (error) => {
      settle()
      reject(new Refusal(`cannot run ${program}: ${error.message}`))
    })
    child.once('exit', (code, signal) => {
      settle()
      if (signal !== null) say(`${program} was ended by ${signal}`)
      resolve(code ?? 128 + constants.signals[signal ?? 'SIGTERM'])
    })
  })
}
