import type { Hold } from './holds.ts'
import type { Allocation, Reservation } from './reservation.ts'
import { backorderedUnits, heldUnits, type Stock } from './stock.ts'

export type Problem =
  | 'does_not_add_up'
  | 'negative'
  | 'movements_differ'
  | 'stock_missing'
  | 'leaked_hold'
  | 'hold_missing'

export interface Violation {
  readonly stockId: string
  readonly problem: Problem
  readonly message: string
  /** What shows it. */
  readonly documents: readonly unknown[]
}

/** What of one stock document contradicts itself or its movements (I2). */
export function stockProblems(stock: Stock, movementSum: number): Violation[] {
  const { id, onHand, available } = stock
  const held = heldUnits(stock)
  const waiting = backorderedUnits(stock)
  const found = (problem: Problem, message: string): Violation => ({
    stockId: id,
    problem,
    message,
    documents: [stock],
  })
  return [
    ...(available + held === onHand
      ? []
      : [found('does_not_add_up', `available ${available} + held ${held} ≠ on hand ${onHand}`)]),
    ...(available < 0 || onHand < 0 ? [found('negative', `available ${available}, on hand ${onHand}`)] : []),
    ...(available > 0 && waiting > 0
      ? [found('does_not_add_up', `${available} available while ${waiting} are waited for`)]
      : []),
    ...(movementSum === onHand
      ? []
      : [found('movements_differ', `movements sum to ${movementSum}, on hand is ${onHand}`)]),
  ]
}

/**
 * True for what stands on a shelf for nobody: its reservation does not exist, has ended, or takes elsewhere. While a
 * reservation is on its way its holds are its own business. The stock must have been read before the reservation.
 */
export function isLeaked(
  hold: Pick<Hold, 'plan'>,
  { sku, locationId }: Stock,
  reservation: Reservation | undefined,
): boolean {
  if (reservation === undefined) return true
  switch (reservation.status) {
    case 'holding':
    case 'committing':
    case 'releasing':
      return false
    case 'held':
      return hold.plan < reservation.plan || !reservation.allocations.some((one) => isAt(one, sku, locationId))
    case 'committed':
    case 'rejected':
    case 'released':
    case 'expired':
      return true
  }
}

/** Plans of a reservation whose units, where they still stand on a shelf, belong to nobody. */
export const leakedUpTo = (stock: Stock, reservation: Reservation | undefined): number => {
  const isThere = reservation?.allocations.some((one) => isAt(one, stock.sku, stock.locationId)) ?? false
  return reservation?.status === 'held' && isThere ? reservation.plan - 1 : Number.POSITIVE_INFINITY
}

const isAt = (one: Allocation, sku: string, locationId: string) => one.sku === sku && one.locationId === locationId

/** Units of a held allocation that do not stand on its shelf. */
export function missingUnits(stock: Stock | undefined, orderId: string, { quantity }: Allocation): number {
  const own = [...(stock?.holds ?? []), ...(stock?.backorders ?? [])].filter((one) => one.orderId === orderId)
  return quantity - own.reduce((sum, one) => sum + one.quantity, 0)
}

/** The stock as its movements have it. Undefined when more is held than that, which only people can decide. */
export function rebuiltStock(stock: Stock, movementSum: number): Stock | undefined {
  const available = movementSum - heldUnits(stock)
  if (available < 0) return undefined
  return stock.onHand === movementSum && stock.available === available
    ? stock
    : { ...stock, onHand: movementSum, available }
}

/** A lost stock again: what its movements come to, held for the reservations that take from it, first come first served. */
export function restoredStock(
  empty: Stock,
  movementSum: number,
  lastSeq: number,
  reservations: readonly Reservation[],
): Stock | undefined {
  let available = movementSum
  const holds = reservations.flatMap(({ id: orderId, status, allocations, plan }): Hold[] => {
    if (status !== 'held') return []
    const {
      quantity,
      backordered = 0,
      token,
    } = allocations.find((one) => isAt(one, empty.sku, empty.locationId)) ?? {
      quantity: 0,
      token: undefined,
    }
    const units = quantity - backordered
    available -= units
    return units > 0 ? [{ orderId, quantity: units, plan, ...(token !== undefined && { token }) }] : []
  })
  return available < 0 ? undefined : { ...empty, onHand: movementSum, available, holds, movementCount: lastSeq }
}

/** Every reservation that something on this shelf may belong to. */
export const ordersOn = ({ holds, backorders = [] }: Stock): string[] => [
  ...new Set([...holds, ...backorders.filter(({ isSold }) => isSold !== true)].map(({ orderId }) => orderId)),
]
