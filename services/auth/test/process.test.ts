import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { launchListening } from '@tradewind/launcher/process'
import { startBackends } from '@tradewind/testkit/backends'
import { expect, onTestFinished, test } from 'vitest'

const operator = { email: 'operator@example.org', password: 'correct horse battery staple' }

async function startProcess() {
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-auth-process-'))
  const backends = await startBackends()
  const { process: running, listening } = await launchListening({
    name: 'auth',
    command: process.execPath,
    args: [resolve(import.meta.dirname, '../src/main.ts')],
    env: {
      MONGODB_URL: backends.mongodbUrl,
      MONGODB_DATABASE: backends.databaseName('auth'),
      NATS_URL: backends.natsUrl,
      AUTH_KEYS: `test:${Buffer.alloc(32, 7).toString('base64')}`,
      AUTH_BOOTSTRAP_OPERATOR_EMAIL: operator.email,
      AUTH_BOOTSTRAP_OPERATOR_PASSWORD: operator.password,
    },
    logFile: join(folder, 'auth.log'),
  })
  onTestFinished(async () => {
    await running.stop()
    await backends.stop()
    await rm(folder, { recursive: true, force: true })
  })
  return {
    running,
    backends,
    url: `http://127.0.0.1:${listening.port}`,
    readyz: `http://127.0.0.1:${listening.adminPort}/readyz`,
  }
}

const json = { 'content-type': 'application/json' }

test('runs as a process: ready, with its operator in place, trusting its own tokens, and gone without a trace', async () => {
  const { running, url, readyz } = await startProcess()
  const ready = await fetch(readyz)
  expect([ready.status, await ready.json()]).toMatchObject([
    200,
    { checks: { database: { ok: true }, broker: { ok: true } } },
  ])

  const login = await fetch(`${url}/v1/auth/login`, { method: 'POST', headers: json, body: JSON.stringify(operator) })
  const { accessToken }: { accessToken: string } = JSON.parse(await login.text())
  const me = await fetch(`${url}/v1/auth/me`, { headers: { authorization: `Bearer ${accessToken}` } })
  expect(await me.json()).toMatchObject({ email: operator.email, roles: ['operator', 'admin'] })

  expect(await running.stop()).toEqual({ code: 0, signal: null })
  expect(await running.logTail()).not.toMatch(/"level":"(warn|error|fatal)"/)
})
