import { describe, expect, test } from 'vitest'
import {
  type DiscountCode,
  DiscountNotApplicable,
  discountOn,
  InvalidDiscountCode,
  offOf,
  refuseEmptyPeriod,
  UnknownDiscountCode,
} from './discount-code.ts'

const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
const now = new Date('2026-06-01T12:00:00Z')
const later = new Date('2026-06-01T12:00:01Z')
const code = (rest: Partial<DiscountCode>): DiscountCode => ({
  id: 'SUMMER',
  off: { percent: 10 },
  status: 'active',
  ...rest,
})
const refusal = (error: { code: string }) => expect.objectContaining({ code: error.code })

describe('a code takes off', () => {
  test.each([
    [{ off: { percent: 10 } }, 1999, 199],
    [{ off: { percent: 100 } }, 1999, 1999],
    [{ off: { percent: 33 } }, 1_000_000_000_000, 330_000_000_000],
    [{ off: { amount: eur(500) } }, 1999, 500],
    [{ off: { amount: eur(500) } }, 300, 300],
    [{ minimum: eur(1000) }, 1000, 100],
    [{ startsAt: now }, 1000, 100],
    [{ endsAt: later }, 1000, 100],
  ])('%j of %i: %i', (rest, subtotal, off) => {
    expect(discountOn(code(rest), eur(subtotal), now)).toEqual(eur(off))
  })
})

describe('a code does not apply', () => {
  test.each([
    ['below its minimum', { minimum: eur(1001) }],
    ['to another currency than its minimum', { minimum: { amountMinor: 1, currency: 'USD' } }],
    ['to another currency than its amount', { off: { amount: { amountMinor: 1, currency: 'USD' } } }],
    ['before it begins', { startsAt: later }],
    ['once it has ended', { endsAt: now }],
  ])('%s', (_, rest) => {
    expect(() => discountOn(code(rest), eur(1000), now)).toThrow(refusal(DiscountNotApplicable))
  })

  test('when it is unknown or disabled, which is not told apart', () => {
    expect(() => discountOn(undefined, eur(1000), now)).toThrow(refusal(UnknownDiscountCode))
    expect(() => discountOn(code({ status: 'disabled' }), eur(1000), now)).toThrow(refusal(UnknownDiscountCode))
  })
})

test('a code that contradicts itself is refused', () => {
  expect(offOf({ percent: 5 })).toEqual({ percent: 5 })
  for (const terms of [{}, { percent: 5, amount: eur(5) }]) {
    expect(() => offOf(terms)).toThrow(refusal(InvalidDiscountCode))
  }
  expect(() => refuseEmptyPeriod({ startsAt: now, endsAt: now })).toThrow(refusal(InvalidDiscountCode))
  expect(() => refuseEmptyPeriod({ startsAt: now, endsAt: later })).not.toThrow()
})
