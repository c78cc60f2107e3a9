import { StockAdjustedV1 } from '@tradewind/contracts/inventory'
import { countStock } from '../domain/stock-count.ts'
import type { AdjustmentClaims } from '../store/adjustment-claims.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import { changedStock } from './change-stock.ts'
import { requireKnown } from './known-place.ts'
import type { MoveOnce } from './move-once.ts'

export interface CountStockCommand {
  readonly sku: string
  readonly locationId: string
  readonly counted: number
  readonly onHandWhenCounted?: number | undefined
  readonly userId: string
  readonly idempotencyKey: string
}

export interface CountedStock {
  readonly sku: string
  readonly locationId: string
  readonly difference: number
  readonly onHand: number
  readonly available: number
}

/** Sets what is on hand to what was found, once per caller and idempotency key, and tells of a difference. */
export type CountStock = (command: CountStockCommand) => Promise<{ count: CountedStock; replayed: boolean }>

interface Ports {
  readonly moveOnce: MoveOnce
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
  readonly claims: AdjustmentClaims
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeCountStock =
  (ports: Ports): CountStock =>
  async ({ sku, locationId, counted, onHandWhenCounted, userId, idempotencyKey }) => {
    const { moveOnce, claims, now, newId } = ports
    await requireKnown(ports, sku, locationId)
    const request = JSON.stringify(['count', sku, locationId, counted, onHandWhenCounted])
    const { id, isKnown } = await claims.claim(userId, idempotencyKey, request)
    const { movement, isRepeated } = await moveOnce(
      [id],
      { sku, locationId },
      (before) => {
        const after = countStock(before, { id, counted, onHandWhenCounted, userId }, now())
        const difference = after.movements.find((one) => one.id === id)
        if (after === before || difference === undefined || difference.delta === 0) {
          return changedStock(newId, before, after)
        }
        const { delta, balance: onHand, available } = difference
        const adjusted = { sku, locationId, delta, reason: 'counted' as const, onHand, available }
        return changedStock(newId, before, after, StockAdjustedV1.create(newId('evt'), adjusted))
      },
      !isKnown,
    )
    const { delta: difference = 0, balance: onHand = 0, available = 0 } = movement ?? {}
    return { count: { sku, locationId, difference, onHand, available }, replayed: isRepeated }
  }
