import { setTimeout as delay } from 'node:timers/promises'
import { describeExit, type Exit, type RunningProcess } from './process.ts'

export const serviceNames = ['auth', 'inventory', 'orders', 'payments', 'notifications'] as const
export type ServiceName = (typeof serviceNames)[number]
export type ComponentName = 'nats' | 'mongodb' | ServiceName | 'gateway'

/** One process of the system. It keeps its ports for as long as the system lives, whatever happens to the process. */
export interface Component {
  readonly name: ComponentName
  /** Of the process that runs now, or ran last. */
  readonly pid: number
  readonly url: string
  /** Where its probes are; the broker and the database have none. */
  readonly adminUrl?: string
  readonly isRunning: () => boolean
  readonly kill: (signal: NodeJS.Signals) => void
  /** Ends it when it still runs and starts it again on the same ports. Resolves when it listens. */
  readonly restart: () => Promise<void>
  /** Resolves when it says that it is ready; rejects with what it said last when it is not within `timeoutMs`. */
  readonly waitReady: (timeoutMs?: number) => Promise<void>
  readonly stop: () => Promise<void>
  /** Settles when the process that runs now is gone. */
  readonly exited: () => Promise<Exit>
}

export interface ComponentSpec {
  readonly name: ComponentName
  readonly url: string
  readonly adminUrl?: string
  /** Said of it when it is up, its address when left out. */
  readonly detail?: string
  /** Starts the process and resolves when it listens. */
  readonly start: () => Promise<RunningProcess>
}

const readyTimeoutMs = 30_000
const readyPollMs = 25
const probeTimeoutMs = 2_000

/** Starts a component for the first time. */
export async function startComponent(
  spec: ComponentSpec,
  onExit: (name: ComponentName, exit: Exit) => void,
): Promise<Component> {
  let running = await start()

  async function start(): Promise<RunningProcess> {
    const started = await spec.start()
    void started.exited.then((exit) => onExit(spec.name, exit))
    return started
  }

  return {
    name: spec.name,
    url: spec.url,
    ...(spec.adminUrl === undefined ? {} : { adminUrl: spec.adminUrl }),
    get pid() {
      return running.pid
    },
    isRunning: () => !running.isGone(),
    kill: (signal) => running.kill(signal),
    restart: async () => {
      await running.stop()
      running = await start()
    },
    waitReady: async (timeoutMs = readyTimeoutMs) => {
      if (spec.adminUrl !== undefined) await waitReady(spec.name, spec.adminUrl, () => running, timeoutMs)
    },
    stop: async () => {
      await running.stop()
    },
    exited: () => running.exited,
  }
}

async function waitReady(
  name: ComponentName,
  adminUrl: string,
  current: () => RunningProcess,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    const problem = await whyNotReady(adminUrl)
    if (problem === undefined) return
    const running = current()
    if (running.isGone()) throw new Error(`${name} stopped (${describeExit(await running.exited)})`)
    if (performance.now() > deadline) throw new Error(`${name} is not ready after ${timeoutMs} ms: ${problem}`)
    await delay(readyPollMs)
  }
}

async function whyNotReady(adminUrl: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${adminUrl}/readyz`, { signal: AbortSignal.timeout(probeTimeoutMs) })
    const text = await response.text()
    return response.ok ? undefined : `${response.status} ${text}`
  } catch (error) {
    return error instanceof Error ? error.message : String(error)
  }
}
