import { transferStockRoute } from '@tradewind/contracts/inventory'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { TransferStock } from '../use-cases/transfer-stock.ts'

export const postTransfer = (transferStock: TransferStock) =>
  implementRoute(transferStockRoute, async ({ body, headers, caller }) => {
    const { transfer, replayed } = await transferStock({
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    const { id, status, createdAt } = transfer
    return {
      status: 201,
      body: { id, ...body, status, createdAt: createdAt.toISOString() },
      ...replayedHeaders(replayed),
    }
  })
