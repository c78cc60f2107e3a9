import { requestRefund } from '../domain/refund.ts'
import type { ChangeOrder, KeyedRequest, Target } from './change-order.ts'

/** Gives money back out of goodwill. Throws `RefundTooHigh` above what was captured and is not asked back yet. */
export type RefundOrder = (
  target: Target,
  keyed: KeyedRequest,
  refund: { readonly amountMinor: number; readonly reason: string },
) => ReturnType<ChangeOrder['changeOnce']>

interface Ports {
  readonly changes: ChangeOrder
  readonly newId: (prefix: string) => string
}

export const makeRefundOrder =
  ({ changes, newId }: Ports): RefundOrder =>
  (target, keyed, { amountMinor, reason }) => {
    // What the money comes from may be several payments; the request is named by itself.
    const requestId = newId('req')
    return changes.changeOnce(target, keyed, requestId, (order, author) =>
      requestRefund(order, { amountMinor, cause: 'goodwill', words: reason, requestId }, author, newId),
    )
  }
