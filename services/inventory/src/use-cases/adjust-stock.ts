import { StockAdjustedV1 } from '@tradewind/contracts/inventory'
import { adjustStock } from '../domain/stock.ts'
import type { AdjustmentClaims } from '../store/adjustment-claims.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import { changedStock } from './change-stock.ts'
import { requireKnown } from './known-place.ts'
import type { MoveOnce } from './move-once.ts'

export interface StockLevel {
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
  readonly available: number
}

export interface AdjustStockCommand {
  readonly sku: string
  readonly locationId: string
  readonly delta: number
  readonly reason: string
  readonly userId: string
  readonly idempotencyKey: string
}

export type AdjustStock = (command: AdjustStockCommand) => Promise<{ level: StockLevel; replayed: boolean }>

interface Ports {
  readonly moveOnce: MoveOnce
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
  readonly claims: AdjustmentClaims
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Adds to or takes from what is on hand, once per caller and idempotency key, whatever fails in between. */
export const makeAdjustStock =
  (ports: Ports): AdjustStock =>
  async ({ sku, locationId, delta, reason, userId, idempotencyKey }) => {
    const { moveOnce, claims, now, newId } = ports
    await requireKnown(ports, sku, locationId)
    const { id, isKnown } = await claims.claim(userId, idempotencyKey, JSON.stringify([sku, locationId, delta, reason]))
    // A key that was claimed by an attempt which then failed is carried out now, and that is no replay.
    const { movement, isRepeated } = await moveOnce(
      [id],
      { sku, locationId },
      (before) => {
        const after = adjustStock(before, { id, delta, reason, userId }, now())
        const { balance: onHand, available } = after.movements.findLast((one) => one.id === id) ?? {
          balance: 0,
          available: 0,
        }
        const adjusted = { sku, locationId, delta, reason, onHand, available }
        return changedStock(newId, before, after, StockAdjustedV1.create(newId('evt'), adjusted))
      },
      !isKnown,
    )
    const level = { sku, locationId, onHand: movement?.balance ?? 0, available: movement?.available ?? 0 }
    return { level, replayed: isRepeated }
  }
