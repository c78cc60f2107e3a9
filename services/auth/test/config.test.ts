import { expectConfigTable } from '@tradewind/service-kit/testing'
import { expect, test } from 'vitest'
import { readConfig, settings } from '../src/config.ts'

const good = { MONGODB_URL: 'mongodb://127.0.0.1', NATS_URL: 'nats://127.0.0.1', AUTH_KEYS: `k1:${'A'.repeat(43)}=` }

test('is described in the README', async () => {
  await expect(expectConfigTable(new URL('../README.md', import.meta.url), settings)).resolves.toBeUndefined()
})

test('refuses what would not work: half an operator, an issuer that is no address, keys that are none', () => {
  expect(() => readConfig({ ...good, AUTH_BOOTSTRAP_OPERATOR_EMAIL: 'op@example.org' })).toThrow(/belong together/)
  expect(() => readConfig({ ...good, TOKEN_ISSUER: 'us' })).toThrow(/TOKEN_ISSUER/)
  expect(() => readConfig({ ...good, AUTH_KEYS: 'short' })).toThrow(/AUTH_KEYS/)
  expect(readConfig(good).MONGODB_DATABASE).toBe('tradewind_auth')
})
