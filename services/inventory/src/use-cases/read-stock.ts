import { heldUnits } from '../domain/stock.ts'
import type { StockRepository } from '../store/stock.repository.ts'

/** Stock of one SKU at one location, with what is held added up. */
export interface StockAtLocation {
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
  readonly available: number
  readonly held: number
}

/** One SKU at every location, in the order of their ids. */
export type ReadStock = (sku: string) => Promise<StockAtLocation[]>

export const makeReadStock =
  (stock: StockRepository): ReadStock =>
  async (sku) => {
    const found = await stock.findBySkus([sku])
    return found
      .map((one) => {
        const { locationId, onHand, available } = one
        return { sku, locationId, onHand, available, held: heldUnits(one) }
      })
      .toSorted((a, b) => (a.locationId < b.locationId ? -1 : 1))
  }
