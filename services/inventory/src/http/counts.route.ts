import { countStockRoute } from '@tradewind/contracts/inventory'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { CountStock } from '../use-cases/count-stock.ts'

export const postCount = (countStock: CountStock) =>
  implementRoute(countStockRoute, async ({ body, headers, caller }) => {
    const { count, replayed } = await countStock({
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 201, body: count, ...replayedHeaders(replayed) }
  })
