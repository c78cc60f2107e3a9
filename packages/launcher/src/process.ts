import { type ChildProcess, execFile, spawn } from 'node:child_process'
import { mkdir, open, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'

export interface ProcessOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env: NodeJS.ProcessEnv
  readonly cwd?: string
  /** Everything it prints is appended here. */
  readonly logFile: string
  /** How it is told when this process is gone; see `launch`. */
  readonly leash: 'ipc' | 'pipe'
}

export interface Exit {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface RunningProcess {
  readonly name: string
  readonly pid: number
  readonly child: ChildProcess
  /** Settles when it is gone, whatever the reason; never rejects. */
  readonly exited: Promise<Exit>
  /** True from the moment that it is gone. */
  readonly isGone: () => boolean
  /** Sends a signal; does nothing when it is gone. */
  readonly kill: (signal: NodeJS.Signals) => void
  /** SIGTERM, and SIGKILL when it is still there after `graceMs`. Resolves when it is gone. */
  readonly stop: (graceMs?: number) => Promise<Exit>
  /** The last lines it printed since it was started. */
  readonly logTail: () => Promise<string>
}

/** What a process of ours says over IPC once it accepts connections. */
export interface Listening {
  readonly port: number
  readonly adminPort?: number
}

const defaultGraceMs = 10_000
const defaultStartTimeoutMs = 30_000
const tailLines = 20
const tailBytes = 16 * 1024

/**
 * Starts a process in a process group of its own, so that Ctrl-C in a terminal reaches only us and we decide the order of
 * the shutdown. It still cannot outlive us: with the leash `ipc` it notices the closed channel, with `pipe` (programs that
 * are not ours) a shell beside it waits for the end of a pipe and ends it. Rejects when it cannot be started at all.
 */
export async function launch(options: ProcessOptions): Promise<RunningProcess> {
  const { name, command, args, env, cwd, logFile, leash } = options
  await mkdir(dirname(logFile), { recursive: true })
  const log = await open(logFile, 'a')
  const loggedBefore = (await log.stat()).size
  const child = spawn(command, args, {
    env,
    detached: true,
    stdio: leash === 'ipc' ? ['ignore', log.fd, log.fd, 'ipc'] : ['ignore', log.fd, log.fd],
    ...(cwd === undefined ? {} : { cwd }),
  })
  const exited = new Promise<Exit>((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })))
  try {
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve)
      child.once('error', reject)
    })
  } catch (error) {
    throw new Error(`${name} cannot be started with ${command}: ${messageOf(error)}`, { cause: error })
  } finally {
    await log.close()
  }
  // A signal that comes too late, or a message to a closed channel, is reported here; the exit tells the rest.
  child.on('error', () => {})
  const pid = child.pid
  if (pid === undefined) throw new Error(`${name} was started without a process id`)
  if (leash === 'pipe') tether(child)

  const isGone = () => child.exitCode !== null || child.signalCode !== null
  return {
    name,
    pid,
    child,
    exited,
    isGone,
    kill: (signal) => {
      if (!isGone()) child.kill(signal)
    },
    stop: async (graceMs = defaultGraceMs) => {
      if (isGone()) return await exited
      child.kill('SIGTERM')
      const giveUp = new AbortController()
      const late = delay(graceMs, 'late' as const, { signal: giveUp.signal }).catch(() => 'settled' as const)
      if ((await Promise.race([exited, late])) === 'late') child.kill('SIGKILL')
      giveUp.abort()
      return await exited
    },
    logTail: () => readTail(logFile, loggedBefore),
  }
}

/** A shell that ends the process when our end of its pipe closes without a word, which is what a SIGKILL of us does. */
export function tether(child: ChildProcess): void {
  const guard = spawn('/bin/sh', ['-c', 'read -r _ && exit 0; kill -TERM "$0"', String(child.pid)], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  guard.unref()
  // Without the guard only one thing is lost: the end of the process when we are killed. The pid file covers that.
  guard.on('error', () => {})
  guard.stdin.on('error', () => {})
  child.once('exit', () => guard.stdin.end('gone\n'))
}

/**
 * Starts one of our own programs and waits until it says `{ type: 'listening', port }` over IPC. Rejects with the last
 * lines of its log when it ends first or takes longer than `startTimeoutMs`; then nothing of it is left running.
 */
export async function launchListening(
  options: Omit<ProcessOptions, 'leash'> & { readonly startTimeoutMs?: number },
): Promise<{ process: RunningProcess; listening: Listening }> {
  const { startTimeoutMs = defaultStartTimeoutMs } = options
  const running = await launch({ ...options, leash: 'ipc' })
  const giveUp = new AbortController()
  const said = new Promise<Listening>((resolve) => {
    const onMessage = (message: unknown) => {
      const listening = readListening(message)
      if (listening === undefined) return
      running.child.off('message', onMessage)
      resolve(listening)
    }
    running.child.on('message', onMessage)
  })
  const late = delay(startTimeoutMs, undefined, { signal: giveUp.signal }).catch(() => {})
  const first = await Promise.race([
    said.then((listening) => ({ listening })),
    running.exited.then((exit) => ({ exit })),
    late.then(() => ({ late: true })),
  ])
  giveUp.abort()
  if ('listening' in first) return { process: running, listening: first.listening }
  if ('late' in first) {
    running.kill('SIGKILL')
    await running.exited
    throw await stopped(running, options.logFile, `did not listen within ${startTimeoutMs} ms`)
  }
  throw await stopped(running, options.logFile, `stopped while starting (${describeExit(first.exit)})`)
}

/** An error that names the process, what happened, and the last lines of its log. */
export async function stopped(process: RunningProcess, logFile: string, what: string): Promise<Error> {
  const tail = await process.logTail()
  const printed = tail === '' ? 'It printed nothing' : `Its last lines:\n${tail}\n`
  return new Error(`${process.name} ${what}. ${printed}(${logFile})`)
}

/** `exit code 1` or `SIGKILL`. */
export const describeExit = ({ code, signal }: Exit): string => signal ?? `exit code ${code}`

function readListening(message: unknown): Listening | undefined {
  if (typeof message !== 'object' || message === null) return undefined
  if (!('type' in message) || message.type !== 'listening') return undefined
  if (!('port' in message) || typeof message.port !== 'number') return undefined
  return 'adminPort' in message && typeof message.adminPort === 'number'
    ? { port: message.port, adminPort: message.adminPort }
    : { port: message.port }
}

async function readTail(file: string, from: number): Promise<string> {
  const { size } = await stat(file)
  const start = Math.max(from, size - tailBytes)
  const handle = await open(file, 'r')
  try {
    const buffer = Buffer.alloc(Math.max(0, size - start))
    await handle.read(buffer, 0, buffer.length, start)
    return buffer.toString('utf8').trimEnd().split('\n').slice(-tailLines).join('\n')
  } finally {
    await handle.close()
  }
}

/**
 * True when a process with that id runs and its command line holds `part`. The id alone says nothing: the system gives it
 * to somebody else once its owner is gone.
 */
export async function runsWith(pid: number, part: string): Promise<boolean> {
  return (await readCommandLine(pid)).includes(part)
}

async function readCommandLine(pid: number): Promise<string> {
  if (process.platform === 'linux') {
    // Gone already, or hidden from us: not ours either way.
    return await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
  }
  const { stdout } = await promisify(execFile)('ps', ['-o', 'command=', '-p', String(pid)]).catch(() => ({
    stdout: '',
  }))
  return stdout
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
