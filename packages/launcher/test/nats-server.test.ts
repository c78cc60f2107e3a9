import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { claimPort } from '../src/claim-port.ts'
import { findNatsServer, type RunningNatsServer, startNatsServer } from '../src/nats-server.ts'

let dataDir: string
const started: RunningNatsServer[] = []
beforeEach(() => {
  dataDir = mkdtempSync(join(tmpdir(), 'tradewind-nats-'))
})
afterEach(async () => {
  await Promise.all(started.splice(0).map(({ process: running }) => running.stop()))
  rmSync(dataDir, { recursive: true })
})

async function start(ports: { port?: number; monitoringPort?: number } = {}): Promise<RunningNatsServer> {
  const { path } = await findNatsServer()
  const server = await startNatsServer({ path, dataDir, logFile: join(dataDir, 'nats-server.log'), ...ports })
  started.push(server)
  return server
}

/** The line with which nats-server greets a client. */
const greeting = (port: number) =>
  new Promise<string>((resolve, reject) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('data', (data) => {
      socket.destroy()
      resolve(data.toString())
    })
  })

it('listens on free ports of this machine, with JetStream and a monitor', async () => {
  const server = await start()
  expect(server.url).toBe(`nats://127.0.0.1:${server.port}`)
  const text = await greeting(server.port)
  expect(text).toContain('"jetstream":true')
  expect(text).toContain('"max_payload":1048576')
  expect((await fetch(`${server.monitoringUrl}/healthz`)).status).toBe(200)
})

it('comes back on the port it had', async () => {
  const { port, release } = await claimPort()
  const first = await start({ port })
  first.process.kill('SIGKILL')
  await first.process.exited
  const second = await start({ port })
  expect(second.port).toBe(port)
  expect(await greeting(port)).toContain('"jetstream":true')
  release()
})

it('ends the one that was left on the same data before it starts', async () => {
  const left = await start()
  const next = await start()
  expect(left.process.isGone()).toBe(true)
  expect(next.process.isGone()).toBe(false)
})

it('shows the end of its log when it cannot start', async () => {
  const { port, release } = await claimPort()
  const monitoringPort = port
  await expect(start({ port, monitoringPort })).rejects.toThrow(
    /nats-server stopped while starting .*address already in use/s,
  )
  expect(readFileSync(join(dataDir, 'nats-server.log'), 'utf8')).toContain('address already in use')
  release()
})
