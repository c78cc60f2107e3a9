import { watchStock } from '../domain/stock.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'
import { requireKnown } from './known-place.ts'
import { upsertStock } from './upsert-stock.ts'

/** Sets the number of available units at which operators are told; 0 for never. */
export type WatchStock = (threshold: { sku: string; locationId: string; threshold: number }) => Promise<void>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
  readonly newId: (prefix: string) => string
}

export const makeWatchStock =
  (ports: Ports): WatchStock =>
  async ({ sku, locationId, threshold }) => {
    await requireKnown(ports, sku, locationId)
    await upsertStock(ports, sku, locationId, (before) =>
      changedStock(ports.newId, before, watchStock(before, threshold === 0 ? undefined : threshold)),
    )
  }
