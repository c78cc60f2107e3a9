import { defineError } from '@tradewind/service-kit/errors'
import type { Author, Refund, RefundCause } from './after-confirmation.ts'
import { type Change, entered, type NewId, noChange } from './change.ts'
import { maxChanges, PartOfAnother, TooManyChanges } from './fulfilment.ts'
import { captures, chargedMinor, charges, refundableMinor, refundedMinor, settledMinor } from './money-owed.ts'
import type { Order } from './order.ts'
import { isConfirmed } from './saga-table.ts'

export const RefundTooHigh = defineError(
  'ORDERS_REFUND_TOO_HIGH',
  'conflict',
  'That is more than was taken and has not been given back or promised back.',
)
export const NotRefundable = defineError(
  'ORDERS_NOT_REFUNDABLE',
  'conflict',
  'Only a confirmed order that has not been cancelled is refunded in parts.',
)

export interface RefundRequest {
  readonly amountMinor: number
  readonly cause: RefundCause
  readonly words?: string | undefined
  readonly returnId?: string
  /** Names a request that may be split over several payments. */
  readonly requestId?: string
}

/**
 * Asks for money to go back, from the order's own payment first and then from those of its supplements, each part under an
 * id of its own. Throws `RefundTooHigh` above what was captured and is not asked back yet.
 */
export function requestRefund(order: Order, request: RefundRequest, author: Author, newId: NewId): Change {
  if (order.partOf !== undefined) throw PartOfAnother({ orderId: order.id })
  if (!isConfirmed(order.status)) throw NotRefundable({ orderId: order.id, status: order.status })
  if ((order.refunds ?? []).length >= maxChanges) throw TooManyChanges({ orderId: order.id })
  const refundable = refundableMinor(order, 'captured')
  if (request.amountMinor > refundable) throw RefundTooHigh({ orderId: order.id, refundable })
  return asked(order, request, captures(order), author, newId)
}

/** Gives back what was taken, or will be, above what is still owed. The same order comes back when that is nothing. */
export function settleMoney(order: Order, cause: 'edited' | 'cancelled', author: Author, newId: NewId): Change {
  const tooMuch = chargedMinor(order) - settledMinor(order) - order.total.amountMinor
  const amountMinor = Math.min(tooMuch, refundableMinor(order, 'charged'))
  return amountMinor <= 0 ? noChange(order) : asked(order, { amountMinor, cause }, charges(order), author, newId)
}

function asked(
  order: Order,
  { amountMinor, cause, words, returnId, requestId }: RefundRequest,
  sources: readonly { readonly from: string; readonly amountMinor: number }[],
  author: Author,
  newId: NewId,
): Change {
  let left = amountMinor
  const parts = sources.flatMap((source): Refund[] => {
    const given = refundedMinor(order, ({ from }) => from === source.from)
    const part = Math.min(left, Math.max(0, source.amountMinor - given))
    if (part === 0) return []
    left -= part
    return [
      {
        id: newId('ref'),
        from: source.from,
        amountMinor: part,
        cause,
        ...(words !== undefined && { words }),
        ...(returnId !== undefined && { returnId }),
        ...(requestId !== undefined && { requestId }),
        status: 'requested',
        requestedAt: author.at,
      },
    ]
  })
  return parts.reduce<Change>(
    ({ order: before, said }, refund) => ({
      order: entered(withRefunds(before, refund), 'refund.requested', author, {
        refundId: refund.id,
        amount: { amountMinor: refund.amountMinor, currency: order.total.currency },
        cause,
        ...(words !== undefined && { words }),
      }),
      said: [...said, { type: 'refund-requested', refundId: refund.id }],
    }),
    noChange(order),
  )
}

const withRefunds = (order: Order, ...more: readonly Refund[]): Order => ({
  ...order,
  refunds: [...(order.refunds ?? []), ...more],
})

/** What payments says of a refund. The same order comes back when it is known. */
export function answerRefund(order: Order, id: string, failure: string | undefined, at: Date): Order {
  const refund = order.refunds?.find((one) => one.id === id)
  // What was given is given: a refusal that comes later says nothing.
  if (refund === undefined || refund.status === 'succeeded') return order
  if (refund.status === 'failed' && failure !== undefined) return order
  const { failure: _before, ...rest } = refund
  const answered: Refund =
    failure === undefined
      ? { ...rest, status: 'succeeded', answeredAt: at }
      : { ...rest, status: 'failed', failure, answeredAt: at }
  return { ...order, refunds: (order.refunds ?? []).map((one) => (one === refund ? answered : one)) }
}

/** A refund that payments gave without being asked from here. */
export const noteRefund = (order: Order, id: string, amountMinor: number, at: Date): Order =>
  withRefunds(order, {
    id,
    from: order.id,
    amountMinor,
    cause: 'elsewhere',
    status: 'succeeded',
    requestedAt: at,
    answeredAt: at,
  })
