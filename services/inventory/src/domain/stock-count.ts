import { defineError } from '@tradewind/service-kit/errors'
import { hasMovement, moved, type Stock, served } from './stock.ts'

export const CountBelowHeld = defineError(
  'INVENTORY_COUNT_BELOW_HELD',
  'conflict',
  'Fewer units were counted than orders hold here. Release holds first, then count again.',
)

export interface StockCount {
  readonly id: string
  /** Units found on the shelf, those that are held included. */
  readonly counted: number
  /** What was on hand here when the counting began, so that what moved since is not counted as a difference. */
  readonly onHandWhenCounted?: number | undefined
  readonly userId: string
}

/** Sets what is on hand to what was found, once per id, and records the difference, also when there is none. Throws `CountBelowHeld`. */
export function countStock(stock: Stock, count: StockCount, now: Date): Stock {
  const { id, counted, onHandWhenCounted = stock.onHand, userId } = count
  if (hasMovement(stock, id)) return stock
  const delta = counted - onHandWhenCounted
  if (stock.available + delta < 0) throw CountBelowHeld({ stock: stock.id, available: stock.available, delta })
  return served(moved(stock, delta, { id, kind: 'count', delta, reason: 'counted', at: now, userId }), now)
}
