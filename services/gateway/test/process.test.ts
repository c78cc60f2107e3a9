import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { launchListening } from '@tradewind/launcher/process'
import { createTestTokens } from '@tradewind/service-kit/testing'
import { startBackends } from '@tradewind/testkit/backends'
import { expect, onTestFinished, test } from 'vitest'

const tokens = createTestTokens()

/** All services in one: the keys at their place, and an empty object everywhere else. */
async function startServices() {
  const state = { keysThere: false }
  const server = createServer((request, response) => {
    const forKeys = request.url === '/.well-known/jwks.json'
    response
      .writeHead(forKeys && !state.keysThere ? 503 : 200, { 'content-type': 'application/json' })
      .end(JSON.stringify(forKeys ? tokens.jwks : {}))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { state, server, url: `http://127.0.0.1:${address.port}` }
}

test('runs as a process: ready once it can check tokens, and gone without a trace', async () => {
  const services = await startServices()
  const backends = await startBackends()
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-gateway-process-'))
  const names = ['AUTH_URL', 'INVENTORY_URL', 'ORDERS_URL', 'PAYMENTS_URL', 'NOTIFICATIONS_URL']
  const { process: running, listening } = await launchListening({
    name: 'gateway',
    command: process.execPath,
    args: [resolve(import.meta.dirname, '../src/main.ts')],
    env: { NATS_URL: backends.natsUrl, ...Object.fromEntries(names.map((name) => [name, services.url])) },
    logFile: join(folder, 'gateway.log'),
  })
  onTestFinished(async () => {
    await running.stop()
    services.server.closeAllConnections()
    services.server.close()
    await backends.stop()
    await rm(folder, { recursive: true, force: true })
  })
  const url = `http://127.0.0.1:${listening.port}`
  const ready = async () => (await fetch(`http://127.0.0.1:${listening.adminPort}/readyz`)).status

  expect(await ready()).toBe(503)
  const unchecked = await fetch(`${url}/v1/orders`, { headers: { authorization: await tokens.bearer() } })
  expect([unchecked.status, unchecked.headers.get('retry-after')]).toEqual([503, '1'])
  services.state.keysThere = true
  await expect.poll(ready, { timeout: 5_000 }).toBe(200)
  const checked = await fetch(`${url}/v1/orders`, { headers: { authorization: await tokens.bearer() } })
  expect(checked.status).toBe(200)
  expect((await fetch(`${url}/v1/orders`)).status).toBe(401)

  expect(await running.stop()).toEqual({ code: 0, signal: null })
})
