import { getTimelineRoute } from '@tradewind/contracts/orders'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadOrders } from '../use-cases/read-orders.ts'
import { customerOf } from './customer-of.ts'

export const getTimeline = (orders: ReadOrders) =>
  implementRoute(getTimelineRoute, async ({ params, caller }) => {
    const { timeline } = await orders.find(params.id, customerOf(caller, 'orders:read:any'))
    const items = timeline
      .toSorted((a, b) => a.at.getTime() - b.at.getTime())
      .map(({ at, type, service, data, traceId }) => ({
        at: at.toISOString(),
        type,
        service,
        data: { ...data },
        ...(traceId !== undefined && { traceId }),
      }))
    return { status: 200, body: { items } }
  })
