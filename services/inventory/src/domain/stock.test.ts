import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { rebuiltToken } from './holds.ts'
import {
  adjustStock,
  commitHold,
  emptyStock,
  heldUnits,
  holdStock as holdUnits,
  NotEnoughStock,
  markArchived as noteArchived,
  releaseHold as releaseUnits,
  restock,
  type Stock,
} from './stock.ts'

const now = new Date('2026-03-01T10:00:00Z')
const later = (minutes: number) => new Date(now.getTime() + minutes * 60_000)
const holdStock = (stock: Stock, orderId: string, quantity: number, plan: number) =>
  holdUnits(stock, { orderId, quantity, plan }, now)
const releaseHold = (stock: Stock, orderId: string, upToPlan?: number) => releaseUnits(stock, orderId, now, upToPlan)
const markArchived = (stock: Stock, ids: ReadonlySet<string>) => noteArchived(stock, ids, now)
const refusal = expect.objectContaining({ code: NotEnoughStock.code })
const counted = (delta: number, id = 'adj_1') => ({ id, delta, reason: 'counted', userId: 'usr_1' })
const stocked = (units: number): Stock => adjustStock(emptyStock('MUG', 'berlin'), counted(units, 'adj_0'), now)

describe('a hold', () => {
  test('sets units aside without moving what is on hand', () => {
    const after = holdStock(stocked(5), 'ord_a', 2, 1)
    expect(after).toMatchObject({ onHand: 5, available: 3, holds: [{ orderId: 'ord_a', quantity: 2, plan: 1 }] })
  })

  test('that was rebuilt while it was being taken is sold by whichever attempt took it', () => {
    const held = holdUnits(stocked(5), { orderId: 'ord_a', quantity: 2, plan: 1, token: rebuiltToken }, now)
    expect(commitHold(held, 'ord_a', now, 'attempt').onHand).toBe(3)
    const taken = holdUnits(stocked(5), { orderId: 'ord_a', quantity: 2, plan: 1, token: 'attempt' }, now)
    expect(commitHold(taken, 'ord_a', now, rebuiltToken)).toBe(taken)
  })

  test('refuses more than is available', () => {
    expect(() => holdStock(holdStock(stocked(5), 'ord_a', 3, 1), 'ord_b', 3, 1)).toThrow(refusal)
  })

  test('takes the last unit', () => expect(holdStock(stocked(1), 'ord_a', 1, 1).available).toBe(0))

  test('refuses to hold twice for one order', () => {
    const held = holdStock(stocked(5), 'ord_a', 2, 1)
    expect(holdStock(held, 'ord_a', 2, 1)).toBe(held)
  })

  test('of a later plan takes the place of an earlier one, never the other way round', () => {
    const first = holdStock(stocked(5), 'ord_a', 2, 1)
    const second = holdStock(first, 'ord_a', 4, 2)
    expect(second).toMatchObject({ available: 1, holds: [{ orderId: 'ord_a', quantity: 4, plan: 2 }] })
    expect(holdStock(second, 'ord_a', 2, 1)).toBe(second)
    expect(() => holdStock(first, 'ord_a', 6, 2)).toThrow(refusal)
  })

  test('of a later plan stays when an earlier one is given back', () => {
    const held = holdStock(stocked(5), 'ord_a', 2, 2)
    expect(releaseHold(held, 'ord_a', 1)).toBe(held)
    expect(releaseHold(held, 'ord_a', 2).holds).toEqual([])
  })

  test('is given back once', () => {
    const freed = releaseHold(holdStock(stocked(5), 'ord_a', 2, 1), 'ord_a')
    expect(freed).toMatchObject({ onHand: 5, available: 5, holds: [] })
    expect(releaseHold(freed, 'ord_a')).toBe(freed)
  })

  test('leaves the stock once', () => {
    const sold = commitHold(holdStock(stocked(5), 'ord_a', 2, 1), 'ord_a', now)
    expect(sold).toMatchObject({ onHand: 3, available: 3, holds: [] })
    expect(commitHold(sold, 'ord_a', now)).toBe(sold)
  })
})

describe('a return', () => {
  test('puts sold units back once', () => {
    const sold = commitHold(holdStock(stocked(5), 'ord_a', 2, 1), 'ord_a', now)
    const back = restock(sold, 'ord_a', 2, now)
    expect(back).toMatchObject({ onHand: 5, available: 5 })
    expect(restock(back, 'ord_a', 2, now)).toBe(back)
  })

  test('of units that were not sold yet is one movement out and one in, so that a repetition finds it', () => {
    const held = holdStock(stocked(5), 'ord_a', 2, 1)
    const back = restock(held, 'ord_a', 2, now)
    expect(back).toMatchObject({ onHand: 5, available: 5, holds: [] })
    expect(back.movements.slice(1).map(({ delta }) => delta)).toEqual([-2, 2])
    expect(restock(back, 'ord_a', 2, now)).toBe(back)
  })

  test('is still recognised when the ledger has it', () => {
    const sold = commitHold(holdStock(stocked(5), 'ord_a', 2, 1), 'ord_a', now)
    const back = restock(sold, 'ord_a', 2, now)
    const archived = markArchived(back, new Set(back.movements.map(({ id }) => id)))
    expect(restock(archived, 'ord_a', 2, later(1))).toBe(archived)
  })
})

describe('an adjustment', () => {
  test('refuses to take away what is held', () => {
    expect(() => adjustStock(holdStock(stocked(5), 'ord_a', 3, 1), counted(-3), now)).toThrow(refusal)
  })

  test('counts once per id, also when the ledger has it', () => {
    const once = adjustStock(stocked(5), counted(4), now)
    expect(adjustStock(once, counted(4), now)).toBe(once)
    const archived = markArchived(once, new Set(['adj_0', 'adj_1']))
    expect(adjustStock(archived, counted(4), later(1))).toBe(archived)
  })

  test('says who, why and what was on hand afterwards', () => {
    expect(adjustStock(stocked(5), counted(-1), now).movements.at(-1)).toEqual({
      id: 'adj_1',
      seq: 2,
      kind: 'adjustment',
      delta: -1,
      balance: 4,
      available: 4,
      at: now,
      reason: 'counted',
      userId: 'usr_1',
    })
  })
})

describe('what the ledger has', () => {
  const sold = commitHold(holdStock(stocked(5), 'ord_a', 2, 1), 'ord_a', later(1))

  test('is waited for until the last is there', () => {
    expect(sold.movementsSince).toEqual(now)
    expect(markArchived(sold, new Set(['adj_0'])).movementsSince).toEqual(later(1))
    expect(markArchived(sold, new Set(sold.movements.map(({ id }) => id)))).not.toHaveProperty('movementsSince')
  })

  test('leaves the document: sales at once, what may be repeated after a while', () => {
    const archived = markArchived(sold, new Set(sold.movements.map(({ id }) => id)))
    expect(archived.movements.map(({ id }) => id)).toEqual(['adj_0'])
    const muchLater = adjustStock(archived, counted(1), later(60))
    expect(muchLater.movements.map(({ id }) => id)).toEqual(['adj_1'])
  })

  test('is not noted twice', () => {
    const archived = markArchived(sold, new Set(['adj_0']))
    expect(markArchived(archived, new Set(['adj_0']))).toBe(archived)
  })
})

const orders = ['ord_a', 'ord_b', 'ord_c']
const command = fc.oneof(
  fc.record({
    do: fc.constant('hold' as const),
    order: fc.constantFrom(...orders),
    units: fc.integer({ min: 1, max: 6 }),
  }),
  fc.record({ do: fc.constantFrom('release', 'commit', 'restock'), order: fc.constantFrom(...orders) }),
  fc.record({
    do: fc.constant('adjust' as const),
    id: fc.constantFrom('adj_1', 'adj_2', 'adj_3'),
    delta: fc.integer({ min: -8, max: 8 }).filter((delta) => delta !== 0),
  }),
  fc.record({ do: fc.constant('archive' as const) }),
)
type Command = typeof command extends fc.Arbitrary<infer T> ? T : never

/** What anybody would expect of a shelf, in the plainest way. */
class PlainShelf {
  onHand = 0
  readonly held = new Map<string, number>()
  readonly sold = new Map<string, number>()
  readonly returned = new Set<string>()
  readonly adjusted = new Set<string>()

  get available() {
    return this.onHand - [...this.held.values()].reduce((sum, units) => sum + units, 0)
  }
}

/** The stock after a command, or the same when it is refused. */
function attempt(stock: Stock, change: () => Stock): Stock {
  try {
    return change()
  } catch (error) {
    if (!NotEnoughStock.is(error)) throw error
    return stock
  }
}

/** One command on both. What the plain shelf cannot do, the stock must refuse, and the other way round. */
function apply(stock: Stock, shelf: PlainShelf, ledger: Map<string, number>, one: Command): Stock {
  switch (one.do) {
    case 'hold':
      if (!shelf.held.has(one.order) && one.units <= shelf.available) shelf.held.set(one.order, one.units)
      return attempt(stock, () => holdStock(stock, one.order, one.units, 1))
    case 'adjust':
      if (!shelf.adjusted.has(one.id) && shelf.available + one.delta >= 0) {
        shelf.onHand += one.delta
        shelf.adjusted.add(one.id)
      }
      return attempt(stock, () => adjustStock(stock, counted(one.delta, one.id), now))
    case 'archive': {
      for (const { id, delta } of stock.movements) if (!ledger.has(id)) ledger.set(id, delta)
      return markArchived(stock, new Set(stock.movements.map(({ id }) => id)))
    }
    case 'release':
      shelf.held.delete(one.order)
      return releaseHold(stock, one.order)
    case 'commit': {
      const units = shelf.held.get(one.order) ?? 0
      // An order is committed once: its reservation sees to that.
      if (shelf.sold.has(one.order)) return stock
      if (units > 0) shelf.sold.set(one.order, units)
      shelf.onHand -= units
      shelf.held.delete(one.order)
      return commitHold(stock, one.order, now)
    }
    case 'restock': {
      const units = shelf.sold.get(one.order)
      if (units === undefined || shelf.held.has(one.order)) return stock
      if (!shelf.returned.has(one.order)) shelf.onHand += units
      shelf.returned.add(one.order)
      return restock(stock, one.order, units, now)
    }
  }
}

test('any sequence of commands, repeated or not, leaves a shelf that adds up', () => {
  fc.assert(
    fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
      const shelf = new PlainShelf()
      const ledger = new Map<string, number>()
      let stock = emptyStock('MUG', 'berlin')
      for (const one of commands) {
        stock = apply(stock, shelf, ledger, one)
        const unarchived = stock.movements.filter(({ archived }) => archived !== true)
        const moved = [...ledger.values(), ...unarchived.map(({ delta }) => delta)].reduce((a, b) => a + b, 0)
        expect(stock.available + heldUnits(stock)).toBe(stock.onHand)
        expect(stock.available).toBeGreaterThanOrEqual(0)
        expect(moved).toBe(stock.onHand)
        expect(stock.onHand).toBe(shelf.onHand)
        expect(new Map(stock.holds.map(({ orderId, quantity }) => [orderId, quantity]))).toEqual(shelf.held)
        expect(stock.movementsSince !== undefined).toBe(unarchived.length > 0)
      }
    }),
    { numRuns: 500 },
  )
})
