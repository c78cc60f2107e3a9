import { describe, expect, test } from 'vitest'
import { createShippingRates, NotShippable } from './shipping-rates.ts'
import { createTaxRates } from './tax-rates.ts'

describe('tax', () => {
  const rates = createTaxRates([
    { percent: 10, included: false },
    { country: 'DE', percent: 19, included: true },
    { category: 'books', percent: 5, included: true },
    { country: 'DE', category: 'books', percent: 7, included: true },
    { country: 'CH', percent: 8.1, included: false },
  ])
  const one = async (category: string, amountMinor: number, country?: string) =>
    (await rates.taxOn([{ category, amountMinor }], country))[0]

  test.each([
    ['mugs', 11_900, 'DE', 1900, true],
    ['mugs', 100, 'DE', 16, true],
    ['books', 10_700, 'DE', 700, true],
    ['books', 10_500, 'FR', 500, true],
    ['mugs', 1000, 'FR', 100, false],
    ['mugs', 1005, 'FR', 101, false],
    ['mugs', 10_000, 'CH', 810, false],
    ['mugs', 1_000_000_000_000, 'DE', 159_663_865_546, true],
  ])('on %s of %i in %s: %i, included: %s', async (category, amount, country, amountMinor, isIncluded) => {
    expect(await one(category, amount, country)).toEqual({ amountMinor, isIncluded })
  })

  test('takes the rate of everywhere where no country is known, and none where there is no rate', async () => {
    expect(await one('mugs', 1000)).toEqual({ amountMinor: 100, isIncluded: false })
    expect(await createTaxRates([]).taxOn([{ category: 'mugs', amountMinor: 1000 }], 'DE')).toEqual([
      { amountMinor: 0, isIncluded: true },
    ])
  })
})

describe('shipping', () => {
  const rates = createShippingRates([
    { amountMinor: 2000, currency: 'EUR', upToGrams: 30_000 },
    { amountMinor: 900, currency: 'EUR', upToGrams: 1000 },
    { amountMinor: 490, currency: 'EUR', country: 'DE', upToGrams: 2000 },
    { amountMinor: 1090, currency: 'EUR', country: 'DE' },
    { amountMinor: 700, currency: 'CHF', country: 'CH' },
  ])
  const cost = (weightGrams: number, country?: string, currency = 'EUR') =>
    rates.costOf({ weightGrams, country, currency })

  test.each([
    [0, 'DE', 490],
    [2000, 'DE', 490],
    [2001, 'DE', 1090],
    [1000, 'FR', 900],
    [1001, 'FR', 2000],
    [500, undefined, 900],
  ])('of %i g to %s: %i', async (grams, country, amount) => {
    expect(await cost(grams, country)).toBe(amount)
  })

  test('is refused for what is too heavy, and for a currency without rates', async () => {
    const refusal = expect.objectContaining({ code: NotShippable.code })
    await expect(cost(30_001, 'FR')).rejects.toThrow(refusal)
    await expect(cost(1, 'DE', 'USD')).rejects.toThrow(refusal)
  })

  test('costs nothing where no rates are given', async () => {
    const free = createShippingRates([])
    expect(await free.costOf({ weightGrams: 1, country: undefined, currency: 'JPY' })).toBe(0)
  })
})
