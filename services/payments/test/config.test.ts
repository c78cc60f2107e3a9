import { loadConfig } from '@tradewind/service-kit/config'
import { expectConfigTable } from '@tradewind/service-kit/testing'
import { expect, test } from 'vitest'
import { reconcileHourOf, settingRules, settings } from '../src/config.ts'

const needed = {
  MONGODB_URL: 'mongodb://127.0.0.1',
  NATS_URL: 'nats://127.0.0.1',
  JWKS_URL: 'http://auth.test/.well-known/jwks.json',
}
const load = (env: Readonly<Record<string, string>>) => loadConfig(settings, { ...needed, ...env }, settingRules)

test('the settings are described in the README', async () => {
  await expect(expectConfigTable(new URL('../README.md', import.meta.url), settings)).resolves.toBeUndefined()
})

test('Stripe needs its secrets, and the simulator none', () => {
  expect(load({}).PAYMENTS_PROVIDER).toBe('simulator')
  const stripe = { PAYMENTS_PROVIDER: 'stripe' }
  expect(() => load(stripe)).toThrow(/PAYMENTS_STRIPE_SECRET_KEY.*\n.*PAYMENTS_STRIPE_WEBHOOK_SECRET/)
  const secrets = { PAYMENTS_STRIPE_SECRET_KEY: 'sk_test_1', PAYMENTS_STRIPE_WEBHOOK_SECRET: 'whsec_1' }
  expect(load({ ...stripe, ...secrets }).PAYMENTS_STRIPE_API_BASE).toBe('https://api.stripe.com')
  expect(() => load({ ...stripe, ...secrets, PAYMENTS_STRIPE_SECRET_KEY: 'pk_1' })).toThrow(
    'PAYMENTS_STRIPE_SECRET_KEY',
  )
  expect(() => load({ PAYMENTS_PROVIDER: 'paypal' })).toThrow('PAYMENTS_PROVIDER')
})

test('the daily comparison has an hour, or none', () => {
  const hourFor = (hour: string) => reconcileHourOf(load({ PAYMENTS_RECONCILE_HOUR: hour }))
  expect([reconcileHourOf(load({})), hourFor('0'), hourFor('23'), hourFor('off')]).toEqual([3, 0, 23, undefined])
  for (const bad of ['24', '-1', '03', 'never']) expect(() => hourFor(bad)).toThrow('PAYMENTS_RECONCILE_HOUR')
})
