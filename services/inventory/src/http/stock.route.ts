import { adjustStockRoute, listStockRoute } from '@tradewind/contracts/inventory'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import { heldUnits } from '../domain/stock.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import type { AdjustStock } from '../use-cases/adjust-stock.ts'

export const postAdjustment = (adjustStock: AdjustStock) =>
  implementRoute(adjustStockRoute, async ({ body, headers, caller }) => {
    const { level, replayed } = await adjustStock({
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 201, body: level, ...replayedHeaders(replayed) }
  })

export const listStock = (stock: StockRepository) =>
  implementRoute(listStockRoute, async ({ query }) => {
    const found = await stock.findBySkus([query.sku])
    const items = found
      .map((one) => ({
        sku: one.sku,
        locationId: one.locationId,
        onHand: one.onHand,
        available: one.available,
        held: heldUnits(one),
      }))
      .toSorted((a, b) => (a.locationId < b.locationId ? -1 : 1))
    return { status: 200, body: { items } }
  })
