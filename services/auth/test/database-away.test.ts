import { expect, test, vi } from 'vitest'
import { startAuth } from './auth-fixture.ts'

test('answers 503 and does not hang while the database is away', async () => {
  // A database of its own, whatever the environment names: it goes away.
  vi.stubEnv('MONGODB_URL', '')
  const auth = await startAuth()
  vi.unstubAllEnvs()
  await auth.stopBackends()
  const started = performance.now()
  const response = await auth.post('/v1/auth/login', { email: 'ada@example.org', password: 'whatever it is' })
  expect(response).toMatchObject({ status: 503, body: { code: 'UNAVAILABLE' }, headers: { 'retry-after': '1' } })
  const form = { grant_type: 'client_credentials', client_id: 'cli_1', client_secret: 'x' }
  expect((await auth.call('/oauth/token', { method: 'POST', form })).status).toBe(503)
  expect(performance.now() - started).toBeLessThan(10_000)
  await auth.server.close()
})
