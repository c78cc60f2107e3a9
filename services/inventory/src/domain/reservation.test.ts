import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planAllocation } from './allocation.ts'
import {
  confirmHold,
  everyShelf,
  finishCommit,
  finishRelease,
  isExpired,
  type Reservation,
  type ReservationStatus,
  reject,
  replan,
  startCommit,
  startRelease,
  startReservation,
  stepTimeoutMs,
  sumDemand,
  tombstone,
} from './reservation.ts'

const now = new Date('2026-03-01T10:00:00Z')
const expiresAt = new Date('2026-03-01T10:15:00Z')
const demand = [{ sku: 'MUG', quantity: 2 }]
const allocations = [{ sku: 'MUG', locationId: 'berlin', quantity: 2 }]
const elsewhere = [{ sku: 'MUG', locationId: 'lyon', quantity: 2 }]

const holding = startReservation('ord_a', demand, allocations, expiresAt)
const held = confirmHold(holding, 1)
const committing = startCommit(held, now)
const releasing = startRelease(held, 'released', now)
const all: Record<ReservationStatus, Reservation> = {
  holding,
  held,
  rejected: reject(holding),
  committing,
  committed: finishCommit(committing),
  releasing,
  released: finishRelease(releasing),
  expired: finishRelease(startRelease(held, 'expired', now)),
}
const everyStatus = Object.values(all)

describe('a plan', () => {
  const shelves = [
    { sku: 'MUG', locationId: 'berlin', available: 3 },
    { sku: 'MUG', locationId: 'lyon', available: 10 },
    { sku: 'PEN', locationId: 'lyon', available: 1 },
  ]

  test('takes all from the first location that has enough', () => {
    expect(planAllocation([{ sku: 'MUG', quantity: 3 }], shelves)).toEqual({
      allocations: [{ sku: 'MUG', locationId: 'berlin', quantity: 3 }],
    })
    expect(planAllocation([{ sku: 'MUG', quantity: 4 }], shelves)).toEqual({
      allocations: [{ sku: 'MUG', locationId: 'lyon', quantity: 4 }],
    })
  })

  test('splits only what no location has alone, by priority', () => {
    expect(planAllocation([{ sku: 'MUG', quantity: 12 }], shelves)).toEqual({
      allocations: [
        { sku: 'MUG', locationId: 'berlin', quantity: 3 },
        { sku: 'MUG', locationId: 'lyon', quantity: 9 },
      ],
    })
  })

  test('refuses the whole order and names every shortage', () => {
    const wanted = [
      { sku: 'MUG', quantity: 1 },
      { sku: 'PEN', quantity: 2 },
      { sku: 'CUP', quantity: 1 },
    ]
    expect(planAllocation(wanted, shelves)).toEqual({
      shortages: [
        { sku: 'PEN', requested: 2, available: 1 },
        { sku: 'CUP', requested: 1, available: 0 },
      ],
    })
  })

  test('sums lines of one product before it looks', () => {
    const lines = [
      { sku: 'PEN', quantity: 1 },
      { sku: 'MUG', quantity: 1 },
      { sku: 'PEN', quantity: 1 },
    ]
    expect(sumDemand(lines)).toEqual([
      { sku: 'PEN', quantity: 2 },
      { sku: 'MUG', quantity: 1 },
    ])
    expect(planAllocation(sumDemand(lines), shelves)).toEqual({
      shortages: [{ sku: 'PEN', requested: 2, available: 1 }],
    })
  })

  test('never takes more than a shelf has, and gives everybody all or nothing', () => {
    const sku = fc.constantFrom('MUG', 'PEN', 'CUP')
    const wanted = fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 20 }) }), {
      minLength: 1,
      maxLength: 6,
    })
    const shelf = fc.record({
      sku,
      locationId: fc.constantFrom('berlin', 'lyon', 'turin'),
      available: fc.integer({ min: 0, max: 12 }),
    })
    const shelvesOf = fc.uniqueArray(shelf, { selector: (one) => `${one.sku}@${one.locationId}`, maxLength: 9 })
    fc.assert(
      fc.property(wanted, shelvesOf, (lines, found) => {
        const total = sumDemand(lines)
        const plan = planAllocation(total, found)
        const stockOf = (wantedSku: string) =>
          found.filter((one) => one.sku === wantedSku).reduce((sum, one) => sum + one.available, 0)
        const { allocations: taken = [], shortages = [] } = { allocations: undefined, shortages: undefined, ...plan }
        const missing = total.filter((one) => stockOf(one.sku) < one.quantity)
        expect(shortages).toEqual(
          missing.map((one) => ({ sku: one.sku, requested: one.quantity, available: stockOf(one.sku) })),
        )
        const sums = sumDemand(taken).toSorted((a, b) => (a.sku < b.sku ? -1 : 1))
        expect(sums).toEqual(missing.length > 0 ? [] : total.toSorted((a, b) => (a.sku < b.sku ? -1 : 1)))
        for (const { sku: takenSku, locationId, quantity } of taken) {
          expect(quantity).toBeGreaterThan(0)
          const from = found.find((one) => one.sku === takenSku && one.locationId === locationId)
          expect(from?.available ?? 0).toBeGreaterThanOrEqual(quantity)
        }
        const places = taken.map((one) => `${one.sku}@${one.locationId}`)
        expect(new Set(places).size).toBe(places.length)
      }),
      { numRuns: 500 },
    )
  })
})

describe('a reservation', () => {
  test('is held, committed and done', () => {
    expect(held).toMatchObject({ status: 'held', dueAt: expiresAt })
    expect(committing).toMatchObject({ status: 'committing', dueAt: new Date(now.getTime() + stepTimeoutMs) })
    expect(all.committed).not.toHaveProperty('dueAt')
  })

  test.each([
    ['confirmHold', (one: Reservation) => confirmHold(one, one.plan), ['holding']],
    ['replan', (one: Reservation) => replan(one, elsewhere), ['holding']],
    ['reject', reject, ['holding']],
    ['startCommit', (one: Reservation) => startCommit(one, now), ['held']],
    ['finishCommit', finishCommit, ['committing']],
    [
      'startRelease',
      (one: Reservation) => startRelease(one, 'released', now),
      ['holding', 'held', 'committing', 'committed'],
    ],
    ['finishRelease', finishRelease, ['releasing']],
  ] as const)('%s changes nothing but what it is for', (_name, step, from: readonly string[]) => {
    const moved = everyStatus.filter((one) => step(one) !== one).map(({ status }) => status)
    expect(moved).toEqual(from)
  })

  test('is not confirmed by whoever still works on a plan that was given up', () => {
    const second = replan(holding, elsewhere)
    expect(confirmHold(second, 1)).toBe(second)
    expect(confirmHold(second, 2).status).toBe('held')
  })

  test('remembers every shelf that something may stand on', () => {
    expect(everyShelf(replan(holding, elsewhere))).toEqual([...allocations, ...elsewhere])
    expect(everyShelf(reject(replan(holding, elsewhere)))).toEqual([...allocations, ...elsewhere])
  })

  test('refuses to commit what has expired, was released or rejected', () => {
    for (const one of [all.expired, all.released, all.rejected, releasing]) expect(startCommit(one, now)).toBe(one)
  })

  test('remembers on release that its units were sold', () => {
    expect(startRelease(held, 'released', now)).not.toHaveProperty('wasCommitted')
    for (const one of [committing, all.committed]) {
      expect(startRelease(one, 'released', now)).toMatchObject({ status: 'releasing', wasCommitted: true })
    }
  })

  test('ends as what its release was decided to be', () => {
    expect(all.expired.status).toBe('expired')
    expect(finishRelease(startRelease(startRelease(held, 'expired', now), 'released', now)).status).toBe('expired')
  })

  test('keeps the sweeper until its end, and not a moment longer', () => {
    for (const one of everyStatus) {
      const isUnderWay = ['holding', 'held', 'committing', 'releasing'].includes(one.status)
      expect([one.status, one.dueAt !== undefined]).toEqual([one.status, isUnderWay])
    }
  })

  test('runs out only before the pivot, and not before its time', () => {
    const early = new Date(expiresAt.getTime() - 1)
    expect(everyStatus.filter((one) => isExpired(one, expiresAt)).map(({ status }) => status)).toEqual([
      'holding',
      'held',
    ])
    expect(everyStatus.filter((one) => isExpired(one, early))).toEqual([])
  })

  test('of an order that was cancelled before it came holds nothing and never will', () => {
    const dead = tombstone('ord_a', now)
    expect(dead).toMatchObject({ status: 'released', allocations: [] })
    expect(confirmHold(startCommit(replan(dead, allocations), now), 1)).toBe(dead)
  })
})
