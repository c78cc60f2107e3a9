import { mkdir, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { describeExit, launch, type RunningProcess, runsWith, stopped } from './process.ts'

export { findNatsServer, type NatsServer } from './find-nats-server.ts'

export interface NatsServerOptions {
  /** Path of the program. */
  readonly path: string
  /** Keeps the JetStream files, the generated configuration and the pid file. */
  readonly dataDir: string
  readonly logFile: string
  /** A free one when left out. */
  readonly port?: number
  readonly monitoringPort?: number
  readonly startTimeoutMs?: number
}

export interface RunningNatsServer {
  /** `nats://127.0.0.1:4222` */
  readonly url: string
  readonly port: number
  readonly monitoringUrl: string
  readonly monitoringPort: number
  readonly process: RunningProcess
}

/** Publishing larger messages is refused. Events are kilobytes. */
const maxPayloadBytes = 1024 * 1024
const pollMs = 5

/**
 * Starts nats-server with JetStream on this machine only and waits until it accepts connections. Ends one that an earlier,
 * killed launcher left on the same data first. Rejects with the last lines of its log when it does not come up.
 */
export async function startNatsServer(options: NatsServerOptions): Promise<RunningNatsServer> {
  const { path, dataDir, logFile, port = -1, monitoringPort = -1, startTimeoutMs = 10_000 } = options
  const portsDir = join(dataDir, 'ports')
  const configFile = join(dataDir, 'nats-server.conf')
  await endLeftOver(dataDir, configFile)
  await rm(portsDir, { recursive: true, force: true })
  await mkdir(portsDir, { recursive: true })
  await writeFile(configFile, configuration({ dataDir, portsDir, port, monitoringPort }))

  const running = await launch({
    name: 'nats-server',
    command: path,
    args: ['-c', configFile],
    env: process.env,
    logFile,
    leash: 'pipe',
  })
  const deadline = Date.now() + startTimeoutMs
  for (;;) {
    const ports = await readPorts(portsDir)
    if (ports !== undefined) return { ...ports, process: running }
    if (running.isGone()) {
      throw await stopped(running, logFile, `stopped while starting (${describeExit(await running.exited)})`)
    }
    if (Date.now() > deadline) {
      running.kill('SIGKILL')
      await running.exited
      throw await stopped(running, logFile, `did not listen within ${startTimeoutMs} ms`)
    }
    await delay(pollMs)
  }
}

const pidFileOf = (dataDir: string): string => join(dataDir, 'nats-server.pid')

// How often JetStream flushes is left as it is (2.9 cannot set it): the database holds every fact, the broker none.
const configuration = (at: { dataDir: string; portsDir: string; port: number; monitoringPort: number }): string =>
  [
    'host: "127.0.0.1"',
    `port: ${at.port}`,
    `http: "127.0.0.1:${at.monitoringPort}"`,
    `pid_file: ${JSON.stringify(pidFileOf(at.dataDir))}`,
    `ports_file_dir: ${JSON.stringify(at.portsDir)}`,
    `max_payload: ${maxPayloadBytes}`,
    `jetstream { store_dir: ${JSON.stringify(at.dataDir)} }`,
    '',
  ].join('\n')

interface Ports {
  url: string
  port: number
  monitoringUrl: string
  monitoringPort: number
}

/** nats-server writes the addresses that it listens on into a file; half a file is read again. */
async function readPorts(portsDir: string): Promise<Ports | undefined> {
  const file = (await readdir(portsDir)).find((name) => name.endsWith('.ports'))
  if (file === undefined) return undefined
  const text = await readFile(join(portsDir, file), 'utf8')
  const url = /"nats":\["(nats:[^"]+)"/.exec(text)?.[1]
  const monitoringUrl = /"monitoring":\["(http:[^"]+)"/.exec(text)?.[1]
  if (url === undefined || monitoringUrl === undefined || !text.trimEnd().endsWith('}')) return undefined
  return { url, port: Number(new URL(url).port), monitoringUrl, monitoringPort: Number(new URL(monitoringUrl).port) }
}

/** Two servers on the same files would destroy them, so the old one must be gone before the new one starts. */
async function endLeftOver(dataDir: string, configFile: string): Promise<void> {
  const pidFile = pidFileOf(dataDir)
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => ''))
  if (!Number.isSafeInteger(pid) || pid <= 1) return
  const deadline = Date.now() + 10_000
  let signal: NodeJS.Signals = 'SIGTERM'
  while (await runsWith(pid, configFile)) {
    process.kill(pid, signal)
    if (Date.now() > deadline) signal = 'SIGKILL'
    await delay(50)
  }
  await rm(pidFile, { force: true })
}
