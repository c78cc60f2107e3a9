import { changed, unchanged } from '@tradewind/database/decision'
import type { Allocation } from '../domain/reservation.ts'
import { releaseHold, stockId } from '../domain/stock.ts'
import type { StockRepository } from '../store/stock.repository.ts'

/** Gives back whatever an order holds on these shelves for plans up to this one. */
export async function releaseHolds(
  stock: StockRepository,
  orderId: string,
  shelves: readonly Allocation[],
  upToPlan: number,
): Promise<void> {
  await Promise.all(
    shelves.map(({ sku, locationId }) =>
      stock.update(stockId(sku, locationId), (before) => {
        const after = releaseHold(before, orderId, upToPlan)
        return after === before ? unchanged() : changed(after)
      }),
    ),
  )
}
