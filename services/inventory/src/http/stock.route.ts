import { adjustStockRoute, listStockRoute, setStockThresholdRoute } from '@tradewind/contracts/inventory'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { StockRepository } from '../store/stock.repository.ts'
import type { AdjustStock } from '../use-cases/adjust-stock.ts'
import type { WatchStock } from '../use-cases/watch-stock.ts'

const Place = Type.Tuple([Type.Literal('stock'), Type.String({ minLength: 1 })])

export const postAdjustment = (adjustStock: AdjustStock) =>
  implementRoute(adjustStockRoute, async ({ body, headers, caller }) => {
    const { level, replayed } = await adjustStock({
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 201, body: level, ...replayedHeaders(replayed) }
  })

export const putThreshold = (watchStock: WatchStock) =>
  implementRoute(setStockThresholdRoute, async ({ body }) => {
    await watchStock(body)
    return { status: 200, body }
  })

export const listStock = (stock: Pick<StockRepository, 'page'>) =>
  implementRoute(listStockRoute, async ({ query }) => {
    const { sku, locationId, cursor } = query
    const limit = limitOf(query)
    const after = cursor === undefined ? undefined : decodeCursor(Place, cursor)[1]
    const found = await stock.page({ sku, locationId, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ id }) => ['stock', id])
    const body = {
      items: items.map(({ id: _id, waiting, lowAt, ...one }) => ({
        ...one,
        backordered: waiting,
        ...(lowAt !== undefined && { threshold: lowAt }),
      })),
      nextCursor,
    }
    return { status: 200, body }
  })
