import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'

const start = resolve(import.meta.dirname, '../../launcher/src/start.ts')

let dataDir: string
beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'tradewind-start-'))
})
afterAll(() => rm(dataDir, { recursive: true, force: true }))

/** A port that nobody listens on at the moment. */
async function freePort(): Promise<number> {
  const server = createServer()
  const port = await new Promise<number>((done) => {
    server.listen(0, '127.0.0.1', () => {
      const address = server.address()
      done(address === null || typeof address === 'string' ? 0 : address.port)
    })
  })
  await new Promise((done) => server.close(done))
  return port
}

/** What `npm start -- --once` runs once the tools are there. */
const startOnce = async (env: Readonly<Record<string, string>> = {}) => {
  const port = String(await freePort())
  return await new Promise<{ code: number | string | null; said: string }>((done) => {
    execFile(
      process.execPath,
      [start, '--once'],
      { env: { ...process.env, NATS_URL: '', TRADEWIND_PORT: port, TRADEWIND_DATA_DIR: dataDir, ...env } },
      (error, stdout, stderr) => done({ code: error === null ? 0 : (error.code ?? null), said: stdout + stderr }),
    )
  })
}

test('the start command brings an order through, twice on the same data', async () => {
  const first = await startOnce()
  for (const step of ['placed', 'reserved', 'authorised', 'confirmed', 'captured', 'mail sent']) {
    expect(first.said).toMatch(new RegExp(`\\d+ ms  ${step}`))
  }
  expect(first.said).toContain('shown only this once')
  expect(first.code).toBe(0)
  const second = await startOnce({
    TRADEWIND_OPERATOR_EMAIL: 'me@example.org',
    TRADEWIND_OPERATOR_PASSWORD: 'a passphrase of my own',
  })
  expect(second.said).toMatch(/TW-1000\d{3}/)
  expect(second.said).toContain('me@example.org')
  expect(second.said).not.toContain('a passphrase of my own')
  expect(second.code).toBe(0)
}, 90_000)

test('a start that cannot work says so and exits with an error', async () => {
  const { code, said } = await startOnce({ TRADEWIND_PORT: 'eighty' })
  expect(code).toBe(1)
  expect(said).toContain('TRADEWIND_PORT')
})
