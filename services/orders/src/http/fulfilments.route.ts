import {
  cancelFulfilmentRoute,
  createFulfilmentRoute,
  deliverFulfilmentRoute,
  shipFulfilmentRoute,
} from '@tradewind/contracts/order-changes'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import type { FulfilOrder } from '../use-cases/fulfil-order.ts'
import { keyedRequest, targetOf } from './caller-target.ts'
import { asCreated, asShipped } from './first-answers.ts'
import { presentFulfilment } from './present-changes.ts'

export const fulfilmentRoutes = (fulfil: FulfilOrder): ImplementedRoute[] => [
  implementRoute(createFulfilmentRoute, async ({ params: { id }, body: { lines }, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'fulfil', id, lines)
    const { order, subject, replayed } = await fulfil.create(targetOf(id, caller, 'fulfilments:write'), keyed, lines)
    const body = presentFulfilment(asCreated(fulfil.find(order, subject)), order.total.currency)
    return { status: 201, body, ...replayedHeaders(replayed) }
  }),
  implementRoute(shipFulfilmentRoute, async ({ params, body: { tracking }, headers, caller }) => {
    const { id, fulfilmentId } = params
    const keyed = keyedRequest(caller, headers, 'ship', id, fulfilmentId, tracking)
    const { order, replayed } = await fulfil.ship(
      targetOf(id, caller, 'fulfilments:write'),
      keyed,
      fulfilmentId,
      tracking,
    )
    const body = presentFulfilment(asShipped(fulfil.find(order, fulfilmentId)), order.total.currency)
    return { status: 200, body, ...replayedHeaders(replayed) }
  }),
  implementRoute(deliverFulfilmentRoute, async ({ params: { id, fulfilmentId }, caller }) => {
    const order = await fulfil.deliver(targetOf(id, caller, 'fulfilments:write'), fulfilmentId)
    return { status: 200, body: presentFulfilment(fulfil.find(order, fulfilmentId), order.total.currency) }
  }),
  implementRoute(cancelFulfilmentRoute, async ({ params: { id, fulfilmentId }, caller }) => {
    const order = await fulfil.cancel(targetOf(id, caller, 'fulfilments:write'), fulfilmentId)
    return { status: 200, body: presentFulfilment(fulfil.find(order, fulfilmentId), order.total.currency) }
  }),
]
