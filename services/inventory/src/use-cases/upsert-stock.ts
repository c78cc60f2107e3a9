import type { Stored } from '@tradewind/database/aggregate-store'
import { type Decision, unchanged } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { emptyStock, type Stock, stockId } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { StockRepository } from '../store/stock.repository.ts'

export const StockLost = defineError(
  'INVENTORY_STOCK_LOST',
  'unavailable',
  'The document of this stock is gone although it has movements. Rebuild it with POST /v1/stock/consistency, then try again.',
)

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
}

/**
 * Changes a stock, or begins it where there was none. Throws `StockLost` where there was one: a count or a sale that began
 * again from nothing would be wrong by all that was there.
 */
export async function upsertStock(
  { stock, ledger }: Ports,
  sku: string,
  locationId: string,
  decide: (before: Stock) => Decision<Stock>,
): Promise<(Stock & Stored) | undefined> {
  const id = stockId(sku, locationId)
  let isMissing = false
  const saved = await stock.upsert(id, (found) => {
    isMissing = found === undefined
    return found === undefined ? unchanged() : decide(found)
  })
  if (!isMissing) return saved
  if ((await ledger.totalOf(id, [])).lastSeq > 0) throw StockLost({ id })
  return await stock.upsert(id, (found) => decide(found ?? emptyStock(sku, locationId)))
}
