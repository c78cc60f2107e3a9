import type { Allocation } from '../domain/reservation.ts'
import { emptyStock, releaseHold, stockId } from '../domain/stock.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'

interface Ports {
  readonly stock: StockRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Gives back whatever an order holds or waits for on these shelves, for plans up to this one. */
export async function releaseHolds(
  { stock, now, newId }: Ports,
  orderId: string,
  shelves: readonly Allocation[],
  upToPlan: number,
): Promise<void> {
  await Promise.all(
    shelves.map(({ sku, locationId }) =>
      stock.upsert(stockId(sku, locationId), (found) => {
        const before = found ?? emptyStock(sku, locationId)
        return changedStock(newId, before, releaseHold(before, orderId, now(), upToPlan))
      }),
    ),
  )
}
