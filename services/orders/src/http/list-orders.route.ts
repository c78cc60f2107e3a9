import { defaultPageSize, OrderId } from '@tradewind/contracts/common'
import { listOrdersRoute } from '@tradewind/contracts/orders'
import { decodeCursor, encodeCursor } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'
import { presentOrder } from './present-order.ts'

export const listOrders = (orders: ReadOrders) =>
  implementRoute(listOrdersRoute, async ({ query, caller }) => {
    const { items, hasMore } = await orders.list({
      customerId: customerOf(caller),
      status: query.status,
      after: query.cursor === undefined ? undefined : decodeCursor(OrderId, query.cursor),
      limit: query.limit === undefined ? defaultPageSize : Number(query.limit),
    })
    const last = items.at(-1)
    const nextCursor = hasMore && last !== undefined ? encodeCursor(last.id) : null
    return { status: 200, body: { items: items.map(presentOrder), nextCursor } }
  })
