import { refundOrderRoute } from '@tradewind/contracts/order-changes'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { RefundOrder } from '../use-cases/refund-order.ts'
import { keyedRequest, targetOf } from './caller-target.ts'
import { asAsked } from './first-answers.ts'
import { presentRefund } from './present-changes.ts'

export const refundOrder = (refund: RefundOrder) =>
  implementRoute(refundOrderRoute, async ({ params: { id }, body, headers, caller }) => {
    const keyed = keyedRequest(caller, headers, 'refund', id, body.amountMinor, body.reason)
    const { order, subject, replayed } = await refund(targetOf(id, caller, 'payments:write'), keyed, body)
    const refunds = (order.refunds ?? [])
      .filter(({ requestId }) => requestId === subject)
      .map((one) => presentRefund(asAsked(one), order.total.currency))
    return { status: 201, body: { refunds }, ...replayedHeaders(replayed) }
  })
