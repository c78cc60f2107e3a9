import type { OrderStatus, PaymentStatus, StockStatus, StopReason } from './order.ts'

/** What the participants report of stock, of money, and of mails. */
export type FactType =
  | 'stock-held'
  | 'stock-rejected'
  | 'stock-committed'
  | 'stock-released'
  | 'hold-expired'
  | 'payment-authorized'
  | 'payment-declined'
  | 'payment-captured'
  | 'capture-refused'
  | 'payment-voided'
  | 'payment-refunded'
  | 'refund-refused'
  | 'units-restocked'
  | 'customer-told'
  | 'mail-reported'

/** What the order has come to by what was shipped and delivered. */
export type Milestone = 'part-shipped' | 'rest-shipped' | 'everything-settled'

/** What the order says to the others, or notes, when it comes into a status. */
export type Announcement = Exclude<OrderStatus, 'pending'>

interface Arrow {
  readonly to: Announcement
  readonly reason?: StopReason
}

interface Row {
  /** What others do when they hear that an order is in this status. */
  readonly asks: string
  /** The facts and milestones that lead on. Every other one is noted and leads nowhere. */
  readonly on: Partial<Readonly<Record<FactType | Milestone, Arrow>>>
  /** Where a step that takes too long leads. Without one, the order waits and asks again for ever. */
  readonly tooLate?: Arrow
  /** True while customers and operators may cancel the whole order. */
  readonly isCancellable: boolean
  /** The ending that the customer is to be told of. */
  readonly tells?: OrderStatus
  /**
   * What must have been reported, besides that the customer was told and that every wish was answered, until nothing is
   * awaited any more. Where money is taken with each shipment, the payment is a matter of wishes.
   */
  readonly restsWith?: {
    readonly stock?: readonly StockStatus[]
    readonly payment?: readonly PaymentStatus[]
  }
}

const holdRanOut: Arrow = { to: 'expired', reason: 'reservation_expired' }
/** Nothing is held or sold any more, and no money is held or kept. */
const undone = { stock: ['released'], payment: ['voided', 'refunded', 'declined'] } as const

/** The money was taken, whatever of it has gone back since. */
const paid = { payment: ['captured', 'partially_refunded', 'refunded'] } as const

/**
 * The saga of an order: reserve the stock, authorise the payment, commit the stock, capture. Committing is the pivot: until
 * then a stop gives back what was held and voids what was authorised; from then on the order goes forward, or is cancelled
 * by returning the stock and refunding the money. Once a part has shipped, only the rest of it can be cancelled: it then
 * ships no more, and is fulfilled.
 */
export const sagaTable: Readonly<Record<OrderStatus, Row>> = {
  pending: {
    asks: 'inventory holds the stock',
    on: {
      'stock-held': { to: 'reserved' },
      'stock-rejected': { to: 'rejected', reason: 'out_of_stock' },
      'hold-expired': holdRanOut,
    },
    tooLate: { to: 'expired', reason: 'reservation_timeout' },
    isCancellable: true,
  },
  reserved: {
    asks: 'payments authorises the total',
    on: {
      'payment-authorized': { to: 'authorized' },
      'payment-declined': { to: 'cancelled', reason: 'payment_declined' },
      'hold-expired': holdRanOut,
    },
    tooLate: { to: 'expired', reason: 'payment_timeout' },
    isCancellable: true,
  },
  authorized: {
    asks: 'inventory commits the hold',
    on: { 'stock-committed': { to: 'confirmed' }, 'hold-expired': holdRanOut },
    isCancellable: true,
  },
  confirmed: {
    asks: 'payments captures; notifications confirms',
    on: { 'part-shipped': { to: 'partially_fulfilled' }, 'rest-shipped': { to: 'fulfilled' } },
    isCancellable: true,
    tells: 'confirmed',
    restsWith: paid,
  },
  partially_fulfilled: {
    asks: 'somebody ships or cancels the rest',
    on: { 'rest-shipped': { to: 'fulfilled' } },
    isCancellable: false,
    tells: 'confirmed',
    restsWith: paid,
  },
  fulfilled: {
    asks: 'somebody says that it arrived',
    on: { 'everything-settled': { to: 'completed' } },
    isCancellable: false,
    tells: 'confirmed',
    restsWith: paid,
  },
  completed: {
    asks: 'nothing, but for what returns ask for',
    on: {},
    isCancellable: false,
    tells: 'confirmed',
    restsWith: paid,
  },
  rejected: {
    asks: 'notifications says so',
    on: {},
    isCancellable: false,
    tells: 'rejected',
    restsWith: {},
  },
  cancelled: {
    asks: 'inventory releases or restocks; payments voids or refunds; notifications says so',
    on: {},
    isCancellable: false,
    tells: 'cancelled',
    restsWith: undone,
  },
  expired: {
    asks: 'inventory releases; payments voids; notifications says so',
    on: {},
    isCancellable: false,
    tells: 'expired',
    restsWith: undone,
  },
}

/** True from the confirmation on, unless the order was cancelled. */
export const isConfirmed = (status: OrderStatus): boolean => sagaTable[status].tells === 'confirmed'

/** True while parts of it may be packed and shipped. */
export const isFulfilling = (status: OrderStatus): boolean => sagaTable[status].on['rest-shipped'] !== undefined

/** True once the order was given up: nothing of it is to be done any more but to undo it. */
export const isStopped = (status: OrderStatus): boolean => sagaTable[status].tells !== undefined && !isConfirmed(status)
