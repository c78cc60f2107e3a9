import { adjustStockRoute, listStockRoute } from '@tradewind/contracts/inventory'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { AdjustStock } from '../use-cases/adjust-stock.ts'
import type { ReadStock } from '../use-cases/read-stock.ts'

export const postAdjustment = (adjustStock: AdjustStock) =>
  implementRoute(adjustStockRoute, async ({ body, headers, caller }) => {
    const { level, replayed } = await adjustStock({
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 201, body: level, ...replayedHeaders(replayed) }
  })

export const listStock = (readStock: ReadStock) =>
  implementRoute(listStockRoute, async ({ query }) => ({ status: 200, body: { items: await readStock(query.sku) } }))
