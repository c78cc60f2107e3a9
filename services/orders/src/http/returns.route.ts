import {
  approveReturnRoute,
  receiveReturnRoute,
  refundReturnRoute,
  rejectReturnRoute,
  requestReturnRoute,
} from '@tradewind/contracts/order-changes'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { type ImplementedRoute, implementRoute } from '@tradewind/service-kit/route'
import type { ReturnUnits } from '../use-cases/return-units.ts'
import { keyedRequest, targetOf } from './caller-target.ts'
import { asReceived, asRefunding, asRequested } from './first-answers.ts'
import { presentReturn } from './present-changes.ts'

export const returnRoutes = (returns: ReturnUnits): ImplementedRoute[] => [
  implementRoute(requestReturnRoute, async ({ params: { id }, body: { lines, reason }, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'return', id, lines, reason)
    const { order, subject, replayed } = await returns.request(targetOf(id, caller), keyed, lines, reason)
    return { status: 201, body: presentReturn(asRequested(returns.find(order, subject))), ...replayedHeaders(replayed) }
  }),
  implementRoute(approveReturnRoute, async ({ params: { id, returnId }, caller }) => {
    const order = await returns.approve(targetOf(id, caller, 'returns:decide'), returnId)
    return { status: 200, body: presentReturn(returns.find(order, returnId)) }
  }),
  implementRoute(rejectReturnRoute, async ({ params: { id, returnId }, body: { reason }, caller }) => {
    const order = await returns.reject(targetOf(id, caller, 'returns:decide'), returnId, reason)
    return { status: 200, body: presentReturn(returns.find(order, returnId)) }
  }),
  implementRoute(receiveReturnRoute, async ({ params: { id, returnId }, body, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'receive', id, returnId, body.lines, body.locationId)
    const { order, replayed } = await returns.receive(targetOf(id, caller, 'returns:write'), keyed, returnId, body)
    return { status: 200, body: presentReturn(asReceived(returns.find(order, returnId))), ...replayedHeaders(replayed) }
  }),
  implementRoute(refundReturnRoute, async ({ params: { id, returnId }, body: { amountMinor }, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'refund-return', id, returnId, amountMinor)
    const { order, replayed } = await returns.refund(
      targetOf(id, caller, 'returns:write'),
      keyed,
      returnId,
      amountMinor,
    )
    return {
      status: 200,
      body: presentReturn(asRefunding(returns.find(order, returnId))),
      ...replayedHeaders(replayed),
    }
  }),
]
