import { cancelOrderRoute } from '@tradewind/contracts/orders'
import { implementRoute } from '@tradewind/service-kit/route'
import type { CancelOrder } from '../use-cases/cancel-order.ts'
import { targetOf } from './caller-target.ts'
import { presentOrder } from './present-order.ts'

export const cancelOrder = (cancel: CancelOrder) =>
  implementRoute(cancelOrderRoute, async ({ params, body: { reason, lines }, caller }) => {
    const lineIds = lines?.map(({ lineId }) => lineId)
    return { status: 200, body: presentOrder(await cancel({ ...targetOf(params.id, caller), words: reason, lineIds })) }
  })
