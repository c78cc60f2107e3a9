import { getOrderRoute } from '@tradewind/contracts/orders'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'
import { presentOrder } from './present-order.ts'

export const getOrder = (orders: ReadOrders) =>
  implementRoute(getOrderRoute, async ({ params, caller }) => {
    const body = presentOrder(await orders.find(params.id, customerOf(caller)))
    return { status: 200, body, headers: { etag: `"${body.version}"` } }
  })
