import { defineError } from '@tradewind/service-kit/errors'

/** Units set aside for one order. */
export interface Hold {
  readonly orderId: string
  readonly quantity: number
  /** Number of the reservation's plan that it was taken for. */
  readonly plan: number
}

/** A change of what is on hand, on its way to the ledger. */
export interface Movement {
  /** Derived from what caused it, so that a repetition finds it done. */
  readonly id: string
  readonly kind: 'adjustment' | 'sale' | 'restock'
  readonly delta: number
  /** On hand afterwards: the running balance. */
  readonly balance: number
  /** Available afterwards. */
  readonly available: number
  readonly at: Date
  readonly reason: string
  readonly orderId?: string
  readonly userId?: string
  /** True when the ledger has it and it stays only so that a repetition finds it. */
  readonly archived?: boolean
}

/** Adjustments and returns stay this long in the document, where a repetition finds them. Sales are guarded by their hold. */
const repeatableForMs = 15 * 60 * 1000

/** One SKU at one location. `available + Σ holds = onHand`, always, in this one document. */
export interface Stock {
  readonly id: string
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
  readonly available: number
  readonly holds: readonly Hold[]
  /** Movements that the ledger does not have yet, or that a repetition may still ask for. */
  readonly movements: readonly Movement[]
  /** When the oldest that the ledger does not have came; missing when there is none. */
  readonly movementsSince?: Date
}

export const NotEnoughStock = defineError(
  'INVENTORY_NOT_ENOUGH_STOCK',
  'conflict',
  'There are not that many units available.',
)

export const stockId = (sku: string, locationId: string): string => `${sku}@${locationId}`

export const emptyStock = (sku: string, locationId: string): Stock => ({
  id: stockId(sku, locationId),
  sku,
  locationId,
  onHand: 0,
  available: 0,
  holds: [],
  movements: [],
})

const holdOf = (stock: Stock, orderId: string) => stock.holds.find((hold) => hold.orderId === orderId)
const hasMovement = (stock: Stock, id: string) => stock.movements.some((movement) => movement.id === id)

/**
 * Sets units aside. Returns the same object when the order holds them already, for this plan or a later one; a hold of an
 * earlier plan is replaced. Throws `NotEnoughStock`.
 */
export function holdStock(stock: Stock, orderId: string, quantity: number, plan: number): Stock {
  const earlier = holdOf(stock, orderId)
  if (earlier !== undefined && earlier.plan >= plan) return stock
  const free = stock.available + (earlier?.quantity ?? 0)
  if (free < quantity) throw NotEnoughStock({ stock: stock.id, available: free, quantity })
  const others = stock.holds.filter((hold) => hold !== earlier)
  return { ...stock, available: free - quantity, holds: [...others, { orderId, quantity, plan }] }
}

/** Gives held units back. Returns the same object when there is no hold, or only one of a plan after `upToPlan`. */
export function releaseHold(stock: Stock, orderId: string, upToPlan = Number.POSITIVE_INFINITY): Stock {
  const hold = holdOf(stock, orderId)
  if (hold === undefined || hold.plan > upToPlan) return stock
  return { ...stock, available: stock.available + hold.quantity, holds: stock.holds.filter((other) => other !== hold) }
}

/** Takes held units off the shelf for good. Returns the same object when there is no hold: it was committed before. */
export function commitHold(stock: Stock, orderId: string, now: Date): Stock {
  const hold = holdOf(stock, orderId)
  if (hold === undefined) return stock
  return moved({ ...stock, holds: stock.holds.filter((other) => other !== hold) }, 0, {
    id: `${orderId}/sale/${stock.id}`,
    kind: 'sale',
    delta: -hold.quantity,
    reason: 'sold',
    at: now,
    orderId,
  })
}

/**
 * Puts the units of a cancelled order back, once. Returns the same object when that was done. Units that are still held,
 * because the sale was not carried out everywhere, are sold and come back, so that a repetition finds the movement.
 */
export function restock(stock: Stock, orderId: string, quantity: number, now: Date): Stock {
  const id = `${orderId}/restock/${stock.id}`
  if (hasMovement(stock, id)) return stock
  return moved(commitHold(stock, orderId, now), quantity, {
    id,
    kind: 'restock',
    delta: quantity,
    reason: 'cancelled',
    at: now,
    orderId,
  })
}

export interface Adjustment {
  readonly id: string
  readonly delta: number
  readonly reason: string
  readonly userId: string
}

/** Adds or removes units by hand, once per id. What is held cannot be removed. Throws `NotEnoughStock`. */
export function adjustStock(stock: Stock, { id, delta, reason, userId }: Adjustment, now: Date): Stock {
  if (hasMovement(stock, id)) return stock
  if (stock.available + delta < 0) throw NotEnoughStock({ stock: stock.id, available: stock.available, delta })
  return moved(stock, delta, { id, kind: 'adjustment', delta, reason, at: now, userId })
}

function moved(stock: Stock, availableDelta: number, movement: Omit<Movement, 'balance' | 'available'>): Stock {
  const onHand = stock.onHand + movement.delta
  const available = stock.available + availableDelta
  const oldest = movement.at.getTime() - repeatableForMs
  const kept = stock.movements.filter(({ archived, at }) => archived !== true || at.getTime() > oldest)
  return {
    ...stock,
    onHand,
    available,
    movements: [...kept, { ...movement, balance: onHand, available }],
    movementsSince: stock.movementsSince ?? movement.at,
  }
}

/** Notes that the ledger has these movements. */
export function markArchived(stock: Stock, ids: ReadonlySet<string>): Stock {
  if (!stock.movements.some(({ id, archived }) => ids.has(id) && archived !== true)) return stock
  const movements = stock.movements
    .filter(({ id, kind }) => !(ids.has(id) && kind === 'sale'))
    .map((movement) => (ids.has(movement.id) ? { ...movement, archived: true } : movement))
  const { movementsSince: _since, ...rest } = stock
  const oldest = movements.find(({ archived }) => archived !== true)?.at
  return { ...rest, movements, ...(oldest !== undefined && { movementsSince: oldest }) }
}

/** Units held over all orders. */
export const heldUnits = (stock: Stock): number => stock.holds.reduce((sum, { quantity }) => sum + quantity, 0)
