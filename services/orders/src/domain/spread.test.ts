import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { spread } from './spread.ts'

test('the parts are in proportion, and the largest remainders get what is left', () => {
  expect(spread(100, [1, 1, 1])).toEqual([34, 33, 33])
  expect(spread(10, [1, 2, 7])).toEqual([1, 2, 7])
  expect(spread(5, [0, 10])).toEqual([0, 5])
  expect(spread(5, [0, 0])).toEqual([0, 0])
})

test('the parts always sum to the amount, and none is more than a unit from its share', () => {
  const amount = fc.integer({ min: 0, max: 1_000_000_000_000 })
  const shares = fc.array(amount, { minLength: 1, maxLength: 100 }).filter((some) => some.some((share) => share > 0))
  fc.assert(
    fc.property(amount, shares, (amountMinor, some) => {
      const parts = spread(amountMinor, some)
      const total = some.reduce((sum, share) => sum + BigInt(share), 0n)
      expect(parts.reduce((sum, part) => sum + part, 0)).toBe(amountMinor)
      for (const [i, share] of some.entries()) {
        const floor = Number((BigInt(amountMinor) * BigInt(share)) / total)
        expect([floor, floor + 1]).toContain(parts[i])
      }
    }),
    { verbose: true },
  )
})
