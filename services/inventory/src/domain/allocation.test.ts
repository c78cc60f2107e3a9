import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { planAllocation } from './allocation.ts'
import { sumDemand } from './reservation.ts'

const shelf = (sku: string, locationId: string, available: number) => ({ sku, locationId, available })
const want = (sku: string, quantity: number) => ({ sku, quantity })
const locationsOf = (plan: ReturnType<typeof planAllocation>) =>
  'allocations' in plan ? [...new Set(plan.allocations.map(({ locationId }) => locationId))] : undefined

describe('fewest parcels', () => {
  const shelves = [
    shelf('MUG', 'berlin', 5),
    shelf('PEN', 'lyon', 5),
    shelf('MUG', 'turin', 5),
    shelf('PEN', 'turin', 5),
  ]

  test('takes a whole order from one location where another has the first line alone', () => {
    const demand = [want('MUG', 1), want('PEN', 1)]
    expect(locationsOf(planAllocation(demand, shelves))).toEqual(['berlin', 'lyon'])
    expect(locationsOf(planAllocation(demand, shelves, { strategy: 'fewest-parcels' }))).toEqual(['turin'])
  })

  test('takes the first of locations that serve as well', () => {
    expect(locationsOf(planAllocation([want('MUG', 2)], shelves, { strategy: 'fewest-parcels' }))).toEqual(['berlin'])
  })

  test('needs no more parcels than any other choice of up to ten locations, and takes what is wanted', () => {
    const stocked = fc.uniqueArray(
      fc.record({
        sku: fc.constantFrom('MUG', 'PEN'),
        locationId: fc.constantFrom('a', 'b', 'c', 'd', 'e'),
        available: fc.integer({ min: 0, max: 4 }),
      }),
      { selector: (one) => `${one.sku}@${one.locationId}`, maxLength: 10 },
    )
    const wanted = fc.record({ mugs: fc.integer({ min: 1, max: 6 }), pens: fc.integer({ min: 1, max: 6 }) })
    fc.assert(
      fc.property(stocked, wanted, (found, { mugs, pens }) => {
        const demand = [want('MUG', mugs), want('PEN', pens)]
        const byPriority = planAllocation(demand, found)
        const fewest = planAllocation(demand, found, { strategy: 'fewest-parcels' })
        expect('allocations' in fewest).toBe('allocations' in byPriority)
        const taken = 'allocations' in fewest ? sumDemand(fewest.allocations) : demand
        expect(taken.toSorted((a, b) => (a.sku < b.sku ? -1 : 1))).toEqual(demand)
        expect(locationsOf(fewest)?.length ?? 0).toBeLessThanOrEqual(locationsOf(byPriority)?.length ?? 0)
      }),
      { numRuns: 500 },
    )
  })

  test('finds a way among more locations than can all be tried', () => {
    const many = Array.from({ length: 40 }, (_, index) => shelf('MUG', `place-${index}`, index === 33 ? 9 : 1))
    expect(locationsOf(planAllocation([want('MUG', 10)], many, { strategy: 'fewest-parcels' }))).toHaveLength(2)
  })
})

describe('what is not there', () => {
  const backlog = (waiting: number, room: number) => [{ sku: 'MUG', waiting, room, locationId: 'berlin' }]

  test('waits where its policy says, beside what is taken there', () => {
    const shelves = [shelf('MUG', 'berlin', 1), shelf('MUG', 'lyon', 1)]
    expect(planAllocation([want('MUG', 5)], shelves, { backlogs: backlog(0, 3) })).toEqual({
      allocations: [
        { sku: 'MUG', locationId: 'berlin', quantity: 4, backordered: 3 },
        { sku: 'MUG', locationId: 'lyon', quantity: 1 },
      ],
    })
  })

  test('is a shortage above the limit, which counts what can wait as available', () => {
    expect(planAllocation([want('MUG', 5)], [shelf('MUG', 'berlin', 1)], { backlogs: backlog(0, 3) })).toEqual({
      shortages: [{ sku: 'MUG', requested: 5, available: 4 }],
    })
  })

  test('belongs to those who wait already, wherever it comes', () => {
    expect(planAllocation([want('MUG', 1)], [shelf('MUG', 'lyon', 2)], { backlogs: backlog(2, 0) })).toEqual({
      shortages: [{ sku: 'MUG', requested: 1, available: 0 }],
    })
  })
})
