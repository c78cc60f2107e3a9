import { defineError } from '@tradewind/service-kit/errors'
import { type Hold, holdOf, isOfAttempt, withHold } from './holds.ts'

/** Units promised to one order that are still to come. They are neither on hand nor held. */
export interface Backorder {
  readonly orderId: string
  readonly quantity: number
  readonly plan: number
  /** Handed on to the hold that it becomes. */
  readonly token?: string
  /** True when the order is committed: what comes in for it is sold at once. */
  readonly isSold?: boolean
}

/** A change of what is on hand, on its way to the ledger. */
export interface Movement {
  /** Derived from what caused it, so that a repetition finds it done. */
  readonly id: string
  /** Counts the movements of one stock, from 1. */
  readonly seq: number
  readonly kind: 'adjustment' | 'count' | 'sale' | 'restock' | 'transfer'
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
  readonly archivedAt?: Date
}

/**
 * What may be repeated stays this long in the document after the ledger has it; a repetition looks into the ledger first
 * and into the document within less than that. Sales are guarded by their hold.
 */
export const repeatableForMs = 15 * 60 * 1000

/** One SKU at one location. `available + Σ holds = onHand`, always, in this one document. */
export interface Stock {
  readonly id: string
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
  readonly available: number
  readonly holds: readonly Hold[]
  /** Who waits for units to come, in the order they came. While somebody waits nothing is available. */
  readonly backorders?: readonly Backorder[]
  /** Movements that the ledger does not have yet, or that a repetition may still ask for. */
  readonly movements: readonly Movement[]
  readonly movementCount?: number
  /** When the oldest that the ledger does not have came; missing when there is none. */
  readonly movementsSince?: Date
  /** Operators are told when so few are available. */
  readonly lowAt?: number
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

const backorderOf = ({ backorders = [] }: Stock, orderId: string) => backorders.find((one) => one.orderId === orderId)

/** True when a change with this id was made and is still remembered here; older ones are in the ledger. */
export const hasMovement = (stock: Stock, id: string): boolean => stock.movements.some((movement) => movement.id === id)

export interface HoldRequest {
  readonly orderId: string
  readonly quantity: number
  readonly plan: number
  readonly token?: string | undefined
  /** How many of them may wait for units to come. */
  readonly backordered?: number
  /** How many may wait here over all orders. */
  readonly backorderLimit?: number
}

/**
 * Sets units aside. Returns the same object when the order holds them already, for this plan or a later one; what stands
 * for an earlier plan is replaced. Throws `NotEnoughStock`.
 */
export function holdStock(stock: Stock, request: HoldRequest, now: Date): Stock {
  const { orderId, quantity, plan, token, backordered = 0, backorderLimit = 0 } = request
  const own = { orderId, plan, ...(token !== undefined && { token }) }
  const earlier = holdOf(stock.holds, orderId)
  const waited = backorderOf(stock, orderId)
  if ((earlier !== undefined && earlier.plan >= plan) || (waited !== undefined && waited.plan >= plan)) return stock
  const free = stock.available + (earlier?.quantity ?? 0)
  // What the order holds already it does not have to wait for again.
  const units = Math.max(quantity - backordered, Math.min(quantity, earlier?.quantity ?? 0))
  const waits = quantity - units
  const isMore = waits > (waited?.quantity ?? 0)
  const waiting = backorderedUnits(stock) - (waited?.quantity ?? 0) + waits
  if (free < units || (isMore && waiting > backorderLimit)) {
    throw NotEnoughStock({ stock: stock.id, available: free, quantity, waiting, backorderLimit })
  }
  const holds = earlier === undefined ? stock.holds : stock.holds.filter((hold) => hold !== earlier)
  const next = {
    ...stock,
    available: free - units,
    holds: units > 0 ? withHold(holds, { ...own, quantity: units }) : holds,
  }
  return served(withBackorder(next, waited, { ...own, quantity: waits }), now)
}

/** Waits in the place of an earlier plan, or last. */
function withBackorder(stock: Stock, earlier: Backorder | undefined, backorder: Backorder): Stock {
  const { backorders = [] } = stock
  const own = backorder.quantity > 0 ? [backorder] : []
  if (earlier === undefined) return withBackorders(stock, [...backorders, ...own])
  return withBackorders(
    stock,
    backorders.flatMap((one) => (one === earlier ? own : [one])),
  )
}

/**
 * Gives held units back and waits no longer for others. Returns the same object when nothing stands for the order, or only
 * of a plan after `upToPlan`. What is sold goes on waiting.
 */
export function releaseHold(stock: Stock, orderId: string, now: Date, upToPlan = Number.POSITIVE_INFINITY): Stock {
  const hold = holdOf(stock.holds, orderId)
  const waiting = (stock.backorders ?? []).find((one) => one.orderId === orderId && one.isSold !== true)
  const plan = hold?.plan ?? waiting?.plan
  if (plan === undefined || plan > upToPlan) return stock
  const next = withBackorders(
    stock,
    (stock.backorders ?? []).filter((one) => one !== waiting),
  )
  if (hold === undefined) return next
  return served(
    { ...next, available: stock.available + hold.quantity, holds: stock.holds.filter((other) => other !== hold) },
    now,
  )
}

/** What an order has on a shelf by this token; any, where none is given. */
const byToken = <T extends { readonly token?: string }>(one: T | undefined, token: string | undefined) =>
  token === undefined || (one !== undefined && isOfAttempt(one, token)) ? one : undefined

/** The attempt that what stands here for an order was taken by. */
export const tokenOf = (stock: Stock, orderId: string): string | undefined =>
  (holdOf(stock.holds, orderId) ?? backorderOf(stock, orderId))?.token

/**
 * Takes held units off the shelf for good; what waits is sold when it comes. Returns the same object when that was done,
 * also when somebody slow has taken units for the order since then: they are not its own to sell.
 */
export function commitHold(stock: Stock, orderId: string, now: Date, token?: string): Stock {
  const hold = byToken(holdOf(stock.holds, orderId), token)
  const waiting = byToken(backorderOf(stock, orderId), token)
  const isSold = waiting === undefined || waiting.isSold === true
  const next = isSold
    ? stock
    : withBackorders(
        stock,
        (stock.backorders ?? []).map((one) => (one === waiting ? { ...one, isSold: true } : one)),
      )
  if (hold === undefined) return next
  return moved({ ...next, holds: stock.holds.filter((other) => other !== hold) }, 0, {
    id: `${orderId}/sale/${stock.id}`,
    kind: 'sale',
    delta: -hold.quantity,
    reason: 'sold',
    at: now,
    orderId,
  })
}

export const restockId = (orderId: string, stock: string): string => `${orderId}/restock/${stock}`

/**
 * Puts the units of a cancelled order back, once; those that had not come yet are waited for no longer. Returns the same
 * object when that was done. Units that are still held, because the sale was not carried out everywhere, are sold and
 * come back, so that a repetition finds the movement.
 */
export function restock(stock: Stock, orderId: string, quantity: number, now: Date, token?: string): Stock {
  const id = restockId(orderId, stock.id)
  if (hasMovement(stock, id)) return stock
  const sold = commitHold(stock, orderId, now, token)
  const waiting = byToken(backorderOf(sold, orderId), token)
  const units = Math.max(0, quantity - (waiting?.quantity ?? 0))
  const next = withBackorders(
    sold,
    (sold.backorders ?? []).filter((one) => one !== waiting),
  )
  return served(moved(next, units, { id, kind: 'restock', delta: units, reason: 'cancelled', at: now, orderId }), now)
}

export const restockMovementId = (givenBack: string, stock: string): string => `${givenBack}/${stock}`

export interface ReturnedUnits {
  readonly id: string
  readonly orderId: string
  readonly quantity: number
  readonly reason: string
  /** True on the shelf that sold them: what of them had not come yet is waited for no longer. */
  readonly isWhereSold: boolean
  readonly token: string | undefined
}

/** Puts some sold units of an order back, once per id. Returns the same object when that was done. */
export function returnUnits(stock: Stock, given: ReturnedUnits, now: Date): Stock {
  const { id, orderId, quantity, reason, isWhereSold, token } = given
  if (hasMovement(stock, id)) return stock
  const waiting = isWhereSold ? byToken(backorderOf(stock, orderId), token) : undefined
  const less = Math.min(quantity, waiting?.quantity ?? 0)
  const backorders = (stock.backorders ?? []).flatMap((one) => {
    if (one !== waiting) return [one]
    return one.quantity > less ? [{ ...one, quantity: one.quantity - less }] : []
  })
  const units = quantity - less
  const movement = { id, kind: 'restock' as const, delta: units, reason, at: now, orderId }
  return served(moved(withBackorders(stock, backorders), units, movement), now)
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
  return served(moved(stock, delta, { id, kind: 'adjustment', delta, reason, at: now, userId }), now)
}

/** Sets the number below which operators are told, or takes it away. Returns the same object when it is that already. */
export function watchStock(stock: Stock, lowAt: number | undefined): Stock {
  if (stock.lowAt === lowAt) return stock
  const { lowAt: _before, ...rest } = stock
  return lowAt === undefined ? rest : { ...rest, lowAt }
}

/** Which lines this change of what is available crossed downwards: the low-stock threshold, the last unit. */
export function crossings(before: Stock | undefined, after: Stock): ('low' | 'depleted')[] {
  const units = before?.available ?? 0
  const { available, lowAt } = after
  const isLow = lowAt !== undefined && lowAt > 0 && units > lowAt && available <= lowAt
  return [...(isLow ? ['low' as const] : []), ...(units > 0 && available === 0 ? ['depleted' as const] : [])]
}

/** A change of what is on hand, with the running balance. */
export function moved(
  stock: Stock,
  availableDelta: number,
  movement: Omit<Movement, 'seq' | 'balance' | 'available'>,
): Stock {
  const onHand = stock.onHand + movement.delta
  const available = stock.available + availableDelta
  const seq = (stock.movementCount ?? 0) + 1
  const oldest = movement.at.getTime() - repeatableForMs
  const kept = stock.movements.filter(
    ({ archived, archivedAt, at }) => archived !== true || (archivedAt ?? at).getTime() > oldest,
  )
  return {
    ...stock,
    onHand,
    available,
    movements: [...kept, { ...movement, seq, balance: onHand, available }],
    movementCount: seq,
    movementsSince: stock.movementsSince ?? movement.at,
  }
}

/** Hands what is available to those who wait, first come first served: a hold for who has not paid, a sale for who has. */
export function served(stock: Stock, now: Date): Stock {
  let next = stock
  for (const waiting of stock.backorders ?? []) {
    const units = Math.min(waiting.quantity, next.available)
    if (units <= 0) break
    next = handedOver(next, waiting, units, now)
  }
  return next
}

function handedOver(stock: Stock, waiting: Backorder, units: number, now: Date): Stock {
  const { orderId, plan, token } = waiting
  const rest = (stock.backorders ?? []).flatMap((one) => {
    if (one !== waiting) return [one]
    return one.quantity > units ? [{ ...one, quantity: one.quantity - units }] : []
  })
  const next = withBackorders(stock, rest)
  if (waiting.isSold === true) {
    // One order may be served in parts, so the number of the movement tells them apart.
    const id = `${orderId}/sale/${stock.id}/${(stock.movementCount ?? 0) + 1}`
    return moved(next, -units, { id, kind: 'sale', delta: -units, reason: 'backorder', at: now, orderId })
  }
  const hold = holdOf(stock.holds, orderId)
  const others = hold === undefined ? stock.holds : stock.holds.filter((one) => one !== hold)
  return {
    ...next,
    available: stock.available - units,
    holds: [
      ...others,
      { orderId, quantity: (hold?.quantity ?? 0) + units, plan, ...(token !== undefined && { token }) },
    ],
  }
}

function withBackorders(stock: Stock, backorders: readonly Backorder[]): Stock {
  if (backorders.length === 0 && stock.backorders === undefined) return stock
  const { backorders: _before, ...rest } = stock
  return backorders.length === 0 ? rest : { ...rest, backorders }
}

/** Notes that the ledger has these movements. */
export function markArchived(stock: Stock, ids: ReadonlySet<string>, now: Date): Stock {
  if (!stock.movements.some(({ id, archived }) => ids.has(id) && archived !== true)) return stock
  const movements = stock.movements
    .filter(({ id, kind }) => !(ids.has(id) && kind === 'sale'))
    .map((movement) =>
      ids.has(movement.id) && movement.archived !== true ? { ...movement, archived: true, archivedAt: now } : movement,
    )
  const { movementsSince: _since, ...rest } = stock
  const oldest = movements.find(({ archived }) => archived !== true)?.at
  return { ...rest, movements, ...(oldest !== undefined && { movementsSince: oldest }) }
}

const sumOf = (parts: readonly { readonly quantity: number }[]) =>
  parts.reduce((sum, { quantity }) => sum + quantity, 0)

/** Units held over all orders. */
export const heldUnits = (stock: Stock): number => sumOf(stock.holds)

/** Units that orders wait for. */
export const backorderedUnits = ({ backorders = [] }: Pick<Stock, 'backorders'>): number => sumOf(backorders)
