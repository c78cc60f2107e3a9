import { cancelOrderRoute } from '@tradewind/contracts/orders'
import { implementRoute } from '@tradewind/service-kit/route'
import type { CancelOrder } from '../use-cases/cancel-order.ts'
import { customerOf } from './customer-of.ts'
import { presentOrder } from './present-order.ts'

export const cancelOrder = (cancel: CancelOrder) =>
  implementRoute(cancelOrderRoute, async ({ params, body, caller }) => {
    const command = { orderId: params.id, customerId: customerOf(caller), words: body.reason }
    return { status: 200, body: presentOrder(await cancel(command)) }
  })
