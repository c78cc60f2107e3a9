import { expectConfigTable } from '@tradewind/service-kit/testing'
import { expect, test } from 'vitest'
import { readConfig, settings } from '../src/config.ts'

const urls = {
  NATS_URL: 'nats://127.0.0.1',
  ...Object.fromEntries(
    ['AUTH', 'INVENTORY', 'ORDERS', 'PAYMENTS', 'NOTIFICATIONS'].map((name) => [`${name}_URL`, 'http://127.0.0.1:1']),
  ),
}

test('is described in the README', async () => {
  await expect(expectConfigTable(new URL('../README.md', import.meta.url), settings)).resolves.toBeUndefined()
})

test('waits longer than any client may ask a service to wait', () => {
  expect(readConfig(urls).UPSTREAM_TIMEOUT_MS).toBeGreaterThan(30_000)
})

test.each(['*', 'http://a.org/', 'a.org', 'http://a.org, http://b.org'])('refuses %j for an origin', (origins) => {
  expect(() => readConfig({ ...urls, CORS_ORIGINS: origins })).toThrow(/CORS_ORIGINS/)
})
