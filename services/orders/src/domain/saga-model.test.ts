import { describe, expect, test } from 'vitest'
import type { OrderStatus } from './order.ts'
import { isConfirmed, isFulfilling, isStopped, sagaTable } from './saga-table.ts'

const statuses = new Map(Object.entries(sagaTable))

const everyStatus: readonly OrderStatus[] = [
  'pending',
  'reserved',
  'authorized',
  'confirmed',
  'partially_fulfilled',
  'fulfilled',
  'completed',
  'rejected',
  'cancelled',
  'expired',
]

/** Where an order can go from a status, whatever leads there. */
function exitsOf(status: string): Set<OrderStatus> {
  const row = statuses.get(status)
  if (row === undefined) throw new Error(`no row for ${status}`)
  const arrows = [...Object.values(row.on), ...(row.tooLate === undefined ? [] : [row.tooLate])]
  return new Set<OrderStatus>([...arrows.map(({ to }) => to), ...(row.isCancellable ? ['cancelled' as const] : [])])
}

function reachableFrom(start: string): Set<string> {
  const found = new Set<string>([start])
  for (const status of found) for (const next of exitsOf(status)) found.add(next)
  return found
}

describe('the table of the saga', () => {
  test('leads to every status, and from every one to an end', () => {
    expect(reachableFrom('pending')).toEqual(new Set(statuses.keys()))
    const ends = [...statuses.keys()].filter((status) => exitsOf(status).size === 0)
    expect(ends).toEqual(['completed', 'rejected', 'cancelled', 'expired'])
    for (const status of statuses.keys()) {
      expect([status, ends.some((end) => reachableFrom(status).has(end))]).toEqual([status, true])
    }
  })

  test('has no way back', () => {
    for (const status of statuses.keys()) {
      for (const next of exitsOf(status))
        expect([status, next, reachableFrom(next).has(status)]).toEqual([status, next, false])
    }
  })

  test('lets every status that an order may stay in come to rest, and none before the confirmation', () => {
    const resting = [...statuses].filter(([, { restsWith }]) => restsWith !== undefined).map(([status]) => status)
    expect(resting).toEqual([
      'confirmed',
      'partially_fulfilled',
      'fulfilled',
      'completed',
      'rejected',
      'cancelled',
      'expired',
    ])
    for (const status of resting) expect(statuses.get(status)?.tells).toBeDefined()
  })

  test('gives up by time only what has not been authorised', () => {
    const byTime = [...statuses].filter(([, { tooLate }]) => tooLate !== undefined).map(([status]) => status)
    expect(byTime).toEqual(['pending', 'reserved'])
  })

  test('tells apart what goes on, what ships and what was given up', () => {
    const named = (is: (status: OrderStatus) => boolean) => everyStatus.filter(is)
    expect(named(isConfirmed)).toEqual(['confirmed', 'partially_fulfilled', 'fulfilled', 'completed'])
    expect(named(isFulfilling)).toEqual(['confirmed', 'partially_fulfilled'])
    expect(named(isStopped)).toEqual(['rejected', 'cancelled', 'expired'])
  })
})
