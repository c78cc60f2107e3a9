import { isDeepStrictEqual } from 'node:util'
import { expect } from 'vitest'
import { openRestocks } from '../../src/domain/restock.ts'
import { backorderedUnits, heldUnits, type Stock } from '../../src/domain/stock.ts'
import type { Memory } from './memory-stores.ts'

const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** `toEqual` for what is asked millions of times: the message is only made where there is something to say. */
export function agree(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) expect(actual).toEqual(expected)
}

/** What must be true of every shelf at any moment, whatever is under way. */
export function expectShelvesToHold(memory: Memory, limits: ReadonlyMap<string, number>): void {
  for (const one of memory.stock.values()) {
    const { id, onHand, available } = one
    const waiting = backorderedUnits(one)
    agree([id, available + heldUnits(one)], [id, onHand])
    agree([id, available >= 0, available, 'at least none'], [id, true, available, 'at least none'])
    agree([id, available > 0 && waiting > 0 ? waiting : 0], [id, 0])
    agree([id, Math.max(waiting, limits.get(one.sku) ?? 0)], [id, limits.get(one.sku) ?? 0])
    const unarchived = one.movements.filter(
      ({ archived, id: movement }) => archived !== true && !memory.ledger.has(movement),
    )
    const archived = [...memory.ledger.values()].filter(({ stockId }) => stockId === id)
    agree([id, sum([...archived, ...unarchived].map(({ delta }) => delta))], [id, onHand])
  }
}

/** What operators changed at one shelf, as they were told. */
export type Booked = ReadonlyMap<string, number>

/** The plain account once everything has come to rest: what was brought, less what was sold, less what is held. */
export function expectPlainAccount(memory: Memory, booked: Booked): void {
  const transfers = [...memory.transfers.values()]
  expect(transfers.filter(({ status }) => status === 'started' || status === 'taken')).toEqual([])
  for (const one of memory.stock.values()) {
    const moved = transfers
      .filter(({ sku, status }) => sku === one.sku && status === 'done')
      .map(({ fromLocationId, toLocationId, quantity }) => {
        if (toLocationId === one.locationId) return quantity
        return fromLocationId === one.locationId ? -quantity : 0
      })
    const onHand = (booked.get(one.id) ?? 0) + sum(moved) - unitsOf(memory, one, 'committed') + cameBack(memory, one)
    expect([one.id, one.onHand, heldUnits(one)]).toEqual([one.id, onHand, unitsOf(memory, one, 'held')])
  }
}

/** Units of this shelf that orders in this state have, without those that are still to come. */
function unitsOf({ reservations }: Memory, { sku, locationId, backorders = [] }: Stock, status: string): number {
  const own = [...reservations.values()].filter((one) => one.status === status)
  return sum(
    own.map(({ id, allocations }) => {
      const { quantity = 0 } = allocations.find((one) => one.sku === sku && one.locationId === locationId) ?? {}
      return quantity - (backorders.find(({ orderId }) => orderId === id)?.quantity ?? 0)
    }),
  )
}

/** Units of orders that were put on this shelf; of an order that was given up, less those that it sold and others got. */
function cameBack({ reservations }: Memory, { sku, locationId }: Stock): number {
  return sum(
    [...reservations.values()].map((one) => {
      expect(openRestocks(one)).toEqual([])
      const own = (one.restocks ?? []).flatMap(({ placements }) => placements).filter((placed) => placed.sku === sku)
      const here = sum(own.filter((placed) => placed.locationId === locationId).map(({ quantity }) => quantity))
      const fromHere = sum(own.filter((placed) => placed.fromLocationId === locationId).map(({ quantity }) => quantity))
      return one.status === 'committed' ? here : here - fromHere
    }),
  )
}
