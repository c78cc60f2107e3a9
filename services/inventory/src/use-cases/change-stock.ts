import { StockDepletedV1, StockLowV1 } from '@tradewind/contracts/inventory'
import { changed, type Decision, unchanged } from '@tradewind/database/decision'
import { crossings, type Stock } from '../domain/stock.ts'

type Events = Parameters<typeof changed<Stock>> extends [Stock, ...infer E] ? E : never

/** A change of a shelf with its events, and those that tell when a line is crossed downwards, in one write. */
export function changedStock(
  newId: (prefix: string) => string,
  before: Stock | undefined,
  after: Stock,
  ...events: Events
): Decision<Stock> {
  if (after === before) return unchanged()
  const { sku, locationId, available, lowAt: threshold = 0 } = after
  const crossed = crossings(before, after).map((line) =>
    line === 'low'
      ? StockLowV1.create(newId('evt'), { sku, locationId, available, threshold })
      : StockDepletedV1.create(newId('evt'), { sku, locationId }),
  )
  return changed(after, ...events, ...crossed)
}
