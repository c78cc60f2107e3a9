import type { AdjustmentReason } from '@tradewind/contracts/inventory'
import { StockAdjustedV1 } from '@tradewind/contracts/inventory'
import { changed, unchanged } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { LocationNotFound } from '../domain/location.ts'
import { adjustStock, emptyStock, stockId } from '../domain/stock.ts'
import type { AdjustmentClaims } from '../store/adjustment-claims.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'

export const SkuNotFound = defineError('INVENTORY_SKU_NOT_FOUND', 'not-found', 'No product has this SKU.')

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
  readonly reason: AdjustmentReason
  readonly userId: string
  readonly idempotencyKey: string
}

export type AdjustStock = (command: AdjustStockCommand) => Promise<{ level: StockLevel; replayed: boolean }>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly locations: LocationRepository
  readonly products: ProductRepository
  readonly claims: AdjustmentClaims
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Adds to or takes from what is on hand, once per caller and idempotency key, whatever fails in between. */
export const makeAdjustStock =
  ({ stock, ledger, locations, products, claims, now, newId }: Ports): AdjustStock =>
  async ({ sku, locationId, delta, reason, userId, idempotencyKey }) => {
    if (!(await locations.has(locationId))) throw LocationNotFound({ locationId })
    if (!(await products.hasSku(sku))) throw SkuNotFound({ sku })
    const { id, isKnown } = await claims.claim(userId, idempotencyKey, JSON.stringify([sku, locationId, delta, reason]))
    const earlier = isKnown ? await ledger.find(id) : null
    if (earlier !== null) {
      return { level: { sku, locationId, onHand: earlier.balance, available: earlier.available }, replayed: true }
    }
    // A key that was claimed by an attempt which then failed is carried out now, and that is no replay.
    let replayed = false
    const saved = await stock.upsert(stockId(sku, locationId), (found) => {
      const before = found ?? emptyStock(sku, locationId)
      const after = adjustStock(before, { id, delta, reason, userId }, now())
      replayed = after === before
      if (replayed) return unchanged()
      const { onHand, available } = after
      return changed(after, StockAdjustedV1.create(newId('evt'), { sku, locationId, delta, reason, onHand, available }))
    })
    const done = saved?.movements.find((movement) => movement.id === id)
    const level = { sku, locationId, onHand: done?.balance ?? 0, available: done?.available ?? 0 }
    return { level, replayed }
  }
