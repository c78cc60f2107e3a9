import { describe, expect, test } from 'vitest'
import { MixedCurrencies, priceLines, TotalTooLarge, UnknownSku } from './price-lines.ts'

const priced = (sku: string, amountMinor: number, currency = 'EUR') =>
  [sku, { sku, title: `The ${sku}`, price: { amountMinor, currency }, category: 'things', weightGrams: 0 }] as const
const catalogue = new Map([priced('MUG', 1250), priced('PEN', 99), priced('YEN', 500, 'JPY'), priced('GEM', 10 ** 12)])
const newLineId = () => 'oln_1'
const price = (...lines: readonly { sku: string; quantity: number }[]) => priceLines(lines, catalogue, newLineId)

describe('prices', () => {
  test('come from the catalogue', () => {
    expect(price({ sku: 'MUG', quantity: 3 }, { sku: 'PEN', quantity: 1 })).toEqual({
      lines: [
        {
          id: 'oln_1',
          sku: 'MUG',
          title: 'The MUG',
          quantity: 3,
          unitPrice: { amountMinor: 1250, currency: 'EUR' },
          total: { amountMinor: 3750, currency: 'EUR' },
        },
        expect.objectContaining({ sku: 'PEN', total: { amountMinor: 99, currency: 'EUR' } }),
      ],
      subtotal: { amountMinor: 3849, currency: 'EUR' },
    })
  })

  test('of a SKU that is not for sale are refused with its place', () => {
    expect(() => price({ sku: 'MUG', quantity: 1 }, { sku: 'CUP', quantity: 1 })).toThrow(
      expect.objectContaining({
        code: UnknownSku.code,
        errors: [{ pointer: '/lines/1/sku', detail: 'CUP is not for sale' }],
      }),
    )
  })

  test('in two currencies are refused', () => {
    expect(() => price({ sku: 'MUG', quantity: 1 }, { sku: 'YEN', quantity: 1 })).toThrow(
      expect.objectContaining({ code: MixedCurrencies.code }),
    )
  })

  test('above the limit are refused, and up to it are not', () => {
    expect(price({ sku: 'GEM', quantity: 1 }).subtotal.amountMinor).toBe(10 ** 12)
    for (const quantity of [2, 10_000]) {
      expect(() => price({ sku: 'GEM', quantity })).toThrow(expect.objectContaining({ code: TotalTooLarge.code }))
    }
  })
})
