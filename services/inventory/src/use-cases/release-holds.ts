import { changed, unchanged } from '@tradewind/database/decision'
import type { Allocation } from '../domain/reservation.ts'
import { releaseHold, stockId } from '../domain/stock.ts'
import type { StockRepository } from '../store/stock.repository.ts'

/** Gives back whatever an order holds on these shelves. */
export async function releaseHolds(
  stock: StockRepository,
  orderId: string,
  allocations: readonly Allocation[],
): Promise<void> {
  await Promise.all(
    allocations.map(({ sku, locationId }) =>
      stock.update(stockId(sku, locationId), (before) => {
        const after = releaseHold(before, orderId)
        return after === before ? unchanged() : changed(after)
      }),
    ),
  )
}
