import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** One process of the inventory service. */
export interface Replica {
  /** Writes of stock that another replica forestalled. */
  readonly conflicts: () => Promise<number>
  readonly stop: () => Promise<void>
}

const program = new URL('../../../../services/inventory/src/main.ts', import.meta.url)
const startTimeoutMs = 30_000

/** Starts the service as it runs in production and waits until it is ready. Rejects when it ends before. */
export async function startReplica(env: Readonly<Record<string, string>>): Promise<Replica> {
  const adminPort = await freePort()
  const child = spawn(process.execPath, [program.pathname], {
    stdio: ['ignore', 'ignore', 'inherit'],
    env: {
      ...process.env,
      ...env,
      LOG_LEVEL: 'fatal',
      PORT: '0',
      ADMIN_PORT: String(adminPort),
      JWKS_URL: 'http://127.0.0.1:9/.well-known/jwks.json',
    },
  })
  const admin = `http://127.0.0.1:${adminPort}`
  await untilReady(child, `${admin}/readyz`)
  return {
    conflicts: async () => {
      const text = await (await fetch(`${admin}/metrics`)).text()
      return Number(/^stock_conflicting_writes_total\S* (\S+)$/m.exec(text)?.[1] ?? 0)
    },
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
    if (child.exitCode !== null) throw new Error(`the inventory service ended with ${child.exitCode}`)
    const isReady = await fetch(url).then(
      ({ ok }) => ok,
      () => false,
    )
    if (isReady) return
    if (performance.now() > giveUpAt) throw new Error('the inventory service did not become ready')
    await delay(50)
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  if (address === null || typeof address === 'string') throw new Error('no free port')
  return address.port
}
