#!/usr/bin/env node
// `tradewind-dev src/main.ts`, the `dev` script of every service: that service alone, with what it needs.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import pinoPretty from 'pino-pretty'
import { claimPort, isPortFree } from './claim-port.ts'
import { type Component, startComponent } from './component.ts'
import { type Environment, embeddedMongodbSpec, natsServerSpec } from './component-specs.ts'
import { lockDataFolder } from './data-lock.ts'
import { devEnvironment } from './dev-places.ts'
import { keptSecrets } from './kept-secrets.ts'
import { describeExit, tether } from './process.ts'
import { dim, say, sayDone, yellow } from './say.ts'

let isStopping = false
const root = resolve(import.meta.dirname, '../../..')

try {
  process.exitCode = await main(process.argv.slice(2))
} catch (error) {
  process.stderr.write(`${yellow('✗')} ${error instanceof Error ? error.message : String(error)}\n`)
  process.exitCode = 1
}

async function main([program, ...args]: readonly string[]): Promise<number> {
  if (program === undefined || [program, ...args].includes('--help')) {
    process.stdout.write(readFileSync(join(import.meta.dirname, 'dev-help.txt'), 'utf8'))
    return program === undefined ? 2 : 0
  }
  const name = basename(process.cwd())
  const port = Number(devEnvironment(name, process.env, {})['PORT'])
  if (!(await isPortFree(port))) throw new Error(`port ${port} is in use; PORT names another one for ${name}`)
  const dataDir = join(root, '.data/dev', name)
  const unlock = await lockDataFolder(dataDir)
  const backends: Component[] = []
  try {
    const env = devEnvironment(name, process.env, {
      ...keptSecrets(dataDir),
      ...(await startBackends(dataDir, backends)),
    })
    say(`  ${name.padEnd(14)} http://127.0.0.1:${env['PORT']}, probes at http://127.0.0.1:${env['ADMIN_PORT']}/readyz`)
    say(dim('starts again after every change; Ctrl-C stops it; --help tells more\n'))
    return await watch(program, args, env)
  } finally {
    isStopping = true
    await Promise.all(backends.map((backend) => backend.stop()))
    unlock()
  }
}

/** Starts what the environment does not name, and gives the addresses. */
async function startBackends(dataDir: string, backends: Component[]): Promise<Environment> {
  const newPort = async () => (await claimPort()).port
  const logFile = (name: string) => join(dataDir, 'logs', `${name}.log`)
  const specs = [
    process.env['MONGODB_URL']
      ? undefined
      : embeddedMongodbSpec({ port: await newPort(), dataDir: join(dataDir, 'mongodb'), logFile: logFile('mongodb') }),
    process.env['NATS_URL']
      ? undefined
      : await natsServerSpec({
          port: await newPort(),
          monitoringPort: await newPort(),
          dataDir: join(dataDir, 'nats'),
          logFile: logFile('nats'),
        }),
  ]
  for (const spec of specs.filter((each) => each !== undefined)) {
    const startedAt = performance.now()
    backends.push(
      await startComponent(spec, (name, exit) => {
        if (!isStopping) say(`${yellow('!')} ${name} ended (${describeExit(exit)}); see ${dataDir}/logs`)
      }),
    )
    sayDone(spec.name, spec.detail ?? spec.url, Math.round(performance.now() - startedAt))
  }
  const urlOf = (name: string) => backends.find((backend) => backend.name === name)?.url
  const [mongodbUrl, natsUrl] = [urlOf('mongodb'), urlOf('nats')]
  return {
    ...(mongodbUrl === undefined ? {} : { MONGODB_URL: mongodbUrl }),
    ...(natsUrl === undefined ? {} : { NATS_URL: natsUrl }),
  }
}

/**
 * Runs the program under node's own watcher until Ctrl-C. It has a process group of its own, so that the signal reaches it
 * once, through us, and the service can end in order.
 */
async function watch(program: string, args: readonly string[], env: Environment): Promise<number> {
  const child = spawn(process.execPath, ['--watch', '--watch-preserve-output', program, ...args], {
    env,
    detached: true,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => child.kill('SIGTERM'))
  child.stdout.pipe(process.stdout.isTTY ? pinoPretty({ colorize: !process.env['NO_COLOR'] }) : process.stdout)
  await once(child, 'spawn')
  tether(child)
  const [code] = await once(child, 'exit')
  return typeof code === 'number' ? code : 0
}
