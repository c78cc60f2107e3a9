import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { cpuMs } from './cpu-time.ts'
import { freePort } from './free-port.ts'

/** One process of a service, as it runs in production. */
export interface ServiceProcess {
  readonly url: string
  readonly metrics: () => Promise<string>
  readonly cpuMs: () => number
  readonly stop: () => Promise<void>
}

const startTimeoutMs = 30_000

/** Starts the program of a service and waits until it is ready. Rejects when it ends before. */
export async function startService(program: URL, env: Readonly<Record<string, string>>): Promise<ServiceProcess> {
  const [port, adminPort] = [await freePort(), await freePort()]
  const child = spawn(process.execPath, [program.pathname], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: { ...process.env, ...env, LOG_LEVEL: 'fatal', PORT: String(port), ADMIN_PORT: String(adminPort) },
  })
  const admin = `http://127.0.0.1:${adminPort}`
  await untilReady(child, `${admin}/readyz`)
  return {
    url: `http://127.0.0.1:${port}`,
    cpuMs: () => cpuMs(child.pid),
    metrics: async () => await (await fetch(`${admin}/metrics`)).text(),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}

async function untilReady(child: ChildProcess, url: string): Promise<void> {
  const giveUpAt = performance.now() + startTimeoutMs
  for (;;) {
    if (child.exitCode !== null) throw new Error(`the service ended with ${child.exitCode}`)
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    if (performance.now() > giveUpAt) throw new Error('the service did not become ready')
    await delay(50)
  }
}
