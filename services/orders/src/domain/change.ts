import type { Author } from './after-confirmation.ts'
import type { Order, OrderLine, TimelineEntry } from './order.ts'

/** What a change says to the others, besides the status that it may lead to. */
export type Said =
  | {
      readonly type: 'fulfilment-created' | 'fulfilment-shipped' | 'fulfilment-delivered' | 'fulfilment-cancelled'
      readonly fulfilmentId: string
    }
  | {
      readonly type: 'return-requested' | 'return-approved' | 'return-rejected' | 'return-received' | 'return-refunded'
      readonly returnId: string
    }
  | { readonly type: 'refund-requested'; readonly refundId: string }
  | { readonly type: 'units-returned'; readonly restockId: string }
  | { readonly type: 'edited'; readonly gone: readonly OrderLine[] }
  | { readonly type: 'completed' }

export interface Change {
  readonly order: Order
  readonly said: readonly Said[]
}

/** What a domain rule needs to name new things. */
export type NewId = (prefix: string) => string

export const noChange = (order: Order): Change => ({ order, said: [] })

/** Another change on top of one. */
export function followedBy({ order, said }: Change, next: (order: Order) => Change): Change {
  const after = next(order)
  return { order: after.order, said: [...said, ...after.said] }
}

/** Adds to the order's timeline what somebody did, and who, where it was an operator. */
export function entered(
  order: Order,
  type: string,
  { at, operatorId }: Author,
  data: TimelineEntry['data'] = {},
): Order {
  const entry = {
    at,
    type: `orders.${type}`,
    service: 'orders',
    data: { ...data, ...(operatorId !== undefined && { operatorId }) },
  }
  return { ...order, timeline: [...order.timeline, entry] }
}
