import { expectConfigTable } from '@tradewind/service-kit/testing'
import { expect, test } from 'vitest'
import { loadOrdersConfig, ratesOf, settings } from '../src/config.ts'

test('the settings are described in the README', async () => {
  await expect(expectConfigTable(new URL('../README.md', import.meta.url), settings)).resolves.toBeUndefined()
})

const necessary = { MONGODB_URL: 'mongodb://db', NATS_URL: 'nats://broker', JWKS_URL: 'http://auth/jwks.json' }

test('tables of rates are read', () => {
  const TAX_RATES = '[{"country":"DE","percent":19,"included":true}]'
  const { taxRates, shippingRates } = ratesOf(loadOrdersConfig({ ...necessary, TAX_RATES }))
  expect(taxRates).toEqual([{ country: 'DE', percent: 19, included: true }])
  expect(shippingRates).toEqual([])
})

test.each([
  ['TAX_RATES', 'no json', 'TAX_RATES is not JSON'],
  ['TAX_RATES', '[{"percent":119,"included":true}]', 'TAX_RATES/0/percent'],
  ['SHIPPING_RATES', '[{"amountMinor":-1,"currency":"EUR"}]', 'SHIPPING_RATES/0/amountMinor'],
])('%s with %s is refused at the start, by name', (name, value, message) => {
  expect(() => loadOrdersConfig({ ...necessary, [name]: value })).toThrow(message)
})
