import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Claim, claimUse, DiscountUsedUp, type DiscountUses, type Outcome, settleClaims } from './discount-uses.ts'

const start = new Date('2026-06-01T12:00:00Z')
const after = (seconds: number) => new Date(start.getTime() + seconds * 1000)
const claim = (customer: number, key = 0, at = start): Claim => ({
  customerId: `usr_${customer}`,
  idempotencyKey: `key-${key}`,
  at,
})
const none: DiscountUses = { id: 'SUMMER', used: 0, claims: [] }

describe('uses', () => {
  test('are claimed once per order, and looked at two seconds later', () => {
    const once = claimUse(none, claim(1), 1)
    expect(once).toEqual({ ...none, claims: [claim(1)], dueAt: after(2) })
    expect(claimUse(once, claim(1, 0, after(60)), 1)).toBe(once)
  })

  test('are refused at the limit, by claims as by confirmed orders', () => {
    const once = claimUse(none, claim(1), 1)
    const settled = settleClaims(once, () => 'confirmed', after(2))
    for (const uses of [once, settled]) {
      expect(() => claimUse(uses, claim(2), 1)).toThrow(expect.objectContaining({ code: DiscountUsedUp.code }))
    }
  })

  test('come back when the order stopped', () => {
    expect(settleClaims(claimUse(none, claim(1), 1), () => 'stopped', after(2))).toEqual(none)
  })

  test('wait for an order that is on its way, and five minutes for one that is not there', () => {
    const once = claimUse(none, claim(1), 1)
    expect(settleClaims(once, () => 'undecided', after(3600))).toEqual({ ...once, dueAt: after(3602) })
    expect(settleClaims(once, () => 'missing', after(299)).claims).toHaveLength(1)
    expect(settleClaims(once, () => 'missing', after(300))).toEqual(none)
  })
})

test('whatever happens in whatever order, no limit is exceeded and no confirmed order is forgotten', () => {
  const limit = 3
  const outcomes = fc.constantFrom<Outcome>('confirmed', 'stopped', 'undecided', 'missing')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('claim' as const), who: fc.nat(8) }),
    fc.record({ kind: fc.constant('settle' as const), outcomes: fc.array(outcomes, { minLength: 9, maxLength: 9 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      let uses = none
      let confirmed = 0
      let now = start
      for (const one of steps) {
        now = new Date(now.getTime() + 1000)
        if (one.kind === 'settle') {
          const outcomeOf = ({ customerId }: Claim) => one.outcomes[Number(customerId.slice(4))] ?? 'missing'
          confirmed += uses.claims.filter((each) => outcomeOf(each) === 'confirmed').length
          uses = settleClaims(uses, outcomeOf, now)
        } else {
          try {
            uses = claimUse(uses, claim(one.who, 0, now), limit)
          } catch (error) {
            if (!DiscountUsedUp.is(error)) throw error
          }
        }
        expect(uses.used + uses.claims.length).toBeLessThanOrEqual(limit)
        expect(uses.used).toBe(confirmed)
        expect(uses.dueAt !== undefined).toBe(uses.claims.length > 0)
      }
    }),
    { numRuns: 1000, verbose: true },
  )
})
