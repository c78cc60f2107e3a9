import { OrderId } from '@tradewind/contracts/common'
import { listOrdersRoute } from '@tradewind/contracts/orders'
import { conditional, privateRead } from '@tradewind/service-kit/conditional'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'
import { presentOrder } from './present-order.ts'

export const listOrders = (orders: ReadOrders) =>
  implementRoute(listOrdersRoute, async ({ query, headers, caller }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(OrderId, query.cursor)
    const found = await orders.list({
      customerId: customerOf(caller, 'orders:read:any'),
      status: query.status,
      after,
      limit,
    })
    const { items, nextCursor } = pageOf(found, limit, ({ id }) => id)
    const body = { items: items.map(presentOrder), nextCursor }
    return conditional(headers['if-none-match'], body, { cacheControl: privateRead })
  })
