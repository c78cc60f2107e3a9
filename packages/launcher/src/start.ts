// `npm start`: everything on this machine, filled, shown to work by a real order, and kept running until Ctrl-C.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { isPortFree } from './claim-port.ts'
import { lockDataFolder } from './data-lock.ts'
import { type DemoOrder, placeDemoOrder, stepTitle } from './demo-order.ts'
import { findNatsServer } from './find-nats-server.ts'
import { dropData, type FirstStart, readFirstStart } from './first-start.ts'
import { makeApi, textOf } from './http-api.ts'
import { makeKeepRunning } from './keep-running.ts'
import { rotateLogs } from './rotate-logs.ts'
import { bold, dim, say, sayDone, yellow } from './say.ts'
import { seedCatalogue } from './seed-catalogue.ts'
import { readStartOptions, type StartOptions } from './start-options.ts'
import { portInUse, type System, startSystem } from './system.ts'
import { whereEverythingIs } from './where-everything-is.ts'

const interruption = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => interruption.abort())
// Whoever started us is gone.
process.on('disconnect', () => interruption.abort())
// Nobody reads any more, as in `npm start | head`.
process.stdout.on('error', () => interruption.abort())

const interrupted = new Promise<never>((_, reject) => {
  interruption.signal.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
})
// It has a listener wherever something can be interrupted.
interrupted.catch(() => {})
const exitCodeOfCtrlC = 130

try {
  await main()
} catch (error) {
  const why = error instanceof Error ? error.message : String(error)
  process.stderr.write(interruption.signal.aborted ? dim('interrupted before it was up\n') : `${yellow('✗')} ${why}\n`)
  process.exitCode = interruption.signal.aborted ? exitCodeOfCtrlC : 1
} finally {
  // The channel to the parent would keep a finished process alive.
  process.disconnect?.()
}

async function main(): Promise<void> {
  const options = readStartOptions(process.argv.slice(2), process.env)
  if (options.help) {
    process.stdout.write(readFileSync(join(import.meta.dirname, 'start-help.txt'), 'utf8'))
    return
  }
  if (!(await isPortFree(options.port))) throw portInUse(options.port)
  const unlock = await lockDataFolder(options.dataDir)
  try {
    await runSystem(options)
  } finally {
    unlock()
  }
}

async function runSystem(options: StartOptions): Promise<void> {
  const startedAt = performance.now()
  const logDir = join(options.dataDir, 'logs')
  if (options.fresh) dropData(options.dataDir)
  rotateLogs(logDir)
  const firstStart = readFirstStart(options)
  if (!process.env['NATS_URL']) await findNatsServer({ onProgress: say })
  const keepRunning = makeKeepRunning((line) => say(`${yellow('!')} ${line}`))
  const system = await startSystem({
    dataDir: options.dataDir,
    logDir,
    gatewayPort: options.port,
    ...(firstStart.operator === undefined ? {} : { operator: firstStart.operator }),
    env: localLimits(process.env),
    onProgress: ({ component, detail, elapsedMs }) => sayDone(component, detail, elapsedMs),
    onUnexpectedExit: (component, exit) => void keepRunning(component, exit),
    signal: interruption.signal,
  })
  try {
    await Promise.race([showThatItWorks(system, firstStart), interrupted])
    say(`\n${bold('Tradewind is up')} after ${((performance.now() - startedAt) / 1000).toFixed(1)} s`)
    const { gatewayUrl, mongodbUrl, natsUrl } = system
    const operator = describeOperator(firstStart)
    say(whereEverythingIs({ gatewayUrl, mongodbUrl, natsUrl, logDir, dataDir: options.dataDir, operator }))
    if (options.once) return
    say(dim('Ctrl-C stops everything; the data is kept.'))
    await interrupted.catch(() => {})
  } finally {
    const stoppedAt = performance.now()
    say(dim('stopping …'))
    await system.stop()
    say(dim(`everything stopped in ${Math.round(performance.now() - stoppedAt)} ms; the data is kept`))
  }
}

/** On one machine everybody has the same address, so limits per address would meet whoever tries things out. */
function localLimits(env: NodeJS.ProcessEnv): Record<string, string> {
  return {
    RATE_LIMIT_PER_MINUTE: env['RATE_LIMIT_PER_MINUTE'] ?? '60000',
    RATE_LIMIT_AUTH_PER_MINUTE: env['RATE_LIMIT_AUTH_PER_MINUTE'] ?? '6000',
  }
}

async function showThatItWorks(system: System, firstStart: FirstStart): Promise<void> {
  const gateway = makeApi(system.gatewayUrl)
  if (!firstStart.isDone) {
    const startedAt = performance.now()
    const token = textOf(await gateway('/v1/auth/login', { method: 'POST', body: firstStart.operator }), 'accessToken')
    const { products, variants } = await seedCatalogue(makeApi(system.component('inventory').url), token)
    firstStart.markDone()
    const what = `${products} products with ${variants} variants, stock at two locations`
    sayDone('demo data', what, Math.round(performance.now() - startedAt))
  }
  sayOrder(await placeDemoOrder(gateway))
}

function sayOrder({ id, number, lines, total, steps }: DemoOrder): void {
  const what = lines.map(({ title, quantity }) => `${quantity} × ${title}`).join(' and ')
  say(`\n${bold(`Order ${number}`)} ${dim(id)}\n${what}: ${total}, placed by a new customer through the gateway\n`)
  for (const { type, elapsedMs } of steps) {
    say(`  ${`${elapsedMs} ms`.padStart(8)}  ${stepTitle(type).padEnd(11)} ${dim(type)}`)
  }
}

function describeOperator({ isGenerated, isDone, operator, operatorEmail }: FirstStart): string {
  if (isGenerated) return `${operatorEmail}  password ${operator?.password}  (shown only this once)`
  if (operator !== undefined) return `${operatorEmail}  password as given in TRADEWIND_OPERATOR_PASSWORD`
  return isDone ? `${operatorEmail}  (its password was shown at the first start)` : operatorEmail
}
