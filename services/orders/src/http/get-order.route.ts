import { getOrderRoute } from '@tradewind/contracts/orders'
import { conditional, privateRead } from '@tradewind/service-kit/conditional'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'
import { presentOrder } from './present-order.ts'

export const getOrder = (orders: ReadOrders) =>
  implementRoute(getOrderRoute, async ({ params, headers, caller }) => {
    const body = presentOrder(await orders.find(params.id, customerOf(caller, 'orders:read:any')))
    return conditional(headers['if-none-match'], body, { cacheControl: privateRead, etag: `"${body.version}"` })
  })
