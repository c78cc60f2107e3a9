import { defineError } from '@tradewind/service-kit/errors'
import type { AfterConfirmation } from './after-confirmation.ts'

export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

export interface OrderLine {
  readonly id: string
  readonly sku: string
  readonly title: string
  readonly quantity: number
  readonly unitPrice: Money
  /** Before any discount. */
  readonly total: Money
  /** This line's share of the discount. */
  readonly discount?: Money
  readonly tax?: Money
  /** The supplement that brought it, whose reservation its units are sold from. */
  readonly from?: string
}

export interface Address {
  readonly name: string
  readonly line1: string
  readonly line2?: string
  readonly postalCode: string
  readonly city: string
  readonly region?: string
  readonly country: string
}

export type OrderStatus =
  | 'pending'
  | 'reserved'
  | 'authorized'
  | 'confirmed'
  | 'partially_fulfilled'
  | 'fulfilled'
  | 'completed'
  | 'rejected'
  | 'cancelled'
  | 'expired'
export type PaymentStatus =
  | 'none'
  | 'authorized'
  | 'partially_captured'
  | 'captured'
  | 'declined'
  | 'voided'
  | 'partially_refunded'
  | 'refunded'
export type FulfilmentStatus = 'unfulfilled' | 'partially_fulfilled' | 'fulfilled' | 'partially_returned' | 'returned'
/** What inventory last said: nothing yet, held, sold, or nothing held any more. */
export type StockStatus = 'none' | 'held' | 'committed' | 'released'
export type StopReason =
  | 'out_of_stock'
  | 'payment_declined'
  | 'requested_by_customer'
  | 'requested_by_operator'
  | 'reservation_expired'
  | 'reservation_timeout'
  | 'payment_timeout'

export interface TimelineEntry {
  readonly at: Date
  /** What happened: an event type without its version. */
  readonly type: string
  readonly service: string
  readonly data: Readonly<Record<string, unknown>>
  /** The trace of the request or event that it came with. */
  readonly traceId?: string
}

export interface Order extends AfterConfirmation {
  readonly id: string
  readonly number: string
  readonly customerId: string
  readonly status: OrderStatus
  readonly paymentStatus: PaymentStatus
  readonly stockStatus: StockStatus
  readonly fulfilmentStatus: FulfilmentStatus
  readonly lines: readonly OrderLine[]
  readonly subtotal: Money
  readonly discount: Money
  readonly tax: Money
  readonly shipping: Money
  readonly total: Money
  readonly discountCode?: string
  readonly paymentMethod: string
  readonly paymentId?: string
  readonly email?: string
  readonly shippingAddress?: Address
  readonly note?: string
  /** The country it went to, once the address was forgotten with the person. */
  readonly shippedTo?: string
  readonly forgottenAt?: Date
  readonly reason?: StopReason
  /** Endings that the customer has been told of: `confirmed`, then perhaps `cancelled`. */
  readonly toldOf: readonly OrderStatus[]
  readonly idempotencyKey: string
  readonly requestHash: string
  readonly timeline: readonly TimelineEntry[]
  /** When the order came into its present status, or began to wait again in it. */
  readonly since: Date
  /** How often the reconciler has asked again in this status. */
  readonly reminders: number
  /** When the reconciler looks at the order; missing once nothing is awaited any more. */
  readonly dueAt?: Date
}

export const OrderNotFound = defineError('ORDERS_NOT_FOUND', 'not-found', 'There is no such order.')
export const OrderNotCancellable = defineError(
  'ORDERS_NOT_CANCELLABLE',
  'conflict',
  'The order has ended already and cannot be cancelled.',
)

export type NewOrder = Pick<
  Order,
  | 'id'
  | 'number'
  | 'customerId'
  | 'lines'
  | 'subtotal'
  | 'paymentMethod'
  | 'idempotencyKey'
  | 'requestHash'
  | 'email'
  | 'shippingAddress'
  | 'note'
  | 'discountCode'
> &
  Partial<Pick<Order, 'discount' | 'tax' | 'shipping' | 'total'>> &
  Pick<Order, 'capture' | 'partOf'>

/** An order as it is accepted. */
export function createOrder(given: NewOrder, now: Date, reminderMs: number): Order {
  const nothing = { amountMinor: 0, currency: given.subtotal.currency }
  const { discount = nothing, tax = nothing, shipping = nothing, total = given.subtotal } = given
  return {
    ...given,
    status: 'pending',
    paymentStatus: 'none',
    stockStatus: 'none',
    fulfilmentStatus: 'unfulfilled',
    discount,
    tax,
    shipping,
    total,
    toldOf: [],
    timeline: [{ at: now, type: 'orders.order.placed', service: 'orders', data: { total } }],
    since: now,
    reminders: 0,
    dueAt: new Date(now.getTime() + reminderMs),
  }
}

/** The order as it was accepted, whatever has become of it: the first answer to its idempotency key. */
export const asAccepted = (order: Order): Order => {
  const {
    reason: _reason,
    asPlaced,
    capturedMinor: _taken,
    isCutShort: _cut,
    mails: _mails,
    keys: _keys,
    ...rest
  } = order
  const { fulfilments: _sent, returns: _back, refunds: _refunds, restocks: _restocks, ...before } = rest
  const { edits: _edits, supplements: _supplements, refusedCaptures: _refused, ...placed } = before
  return { ...placed, ...asPlaced, status: 'pending', paymentStatus: 'none', fulfilmentStatus: 'unfulfilled' }
}
