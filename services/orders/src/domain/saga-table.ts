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
  | 'payment-voided'
  | 'payment-refunded'
  | 'customer-told'

/** What the order says to the others when it comes into a status. */
export type Announcement = Exclude<OrderStatus, 'pending'>

interface Arrow {
  readonly to: Announcement
  readonly reason?: StopReason
}

interface Row {
  /** What others do when they hear that an order is in this status. */
  readonly asks: string
  /** The facts that lead on. Every other fact is noted and leads nowhere. */
  readonly on: Partial<Readonly<Record<FactType, Arrow>>>
  /** Where a step that takes too long leads. Without one, the order waits and asks again for ever. */
  readonly tooLate?: Arrow
  /** True while customers and operators may cancel. */
  readonly isCancellable: boolean
  /** What must have been reported, besides that the customer was told, until nothing is awaited any more. */
  readonly restsWith?: {
    readonly stock?: readonly StockStatus[]
    readonly payment?: readonly PaymentStatus[]
  }
}

const holdRanOut: Arrow = { to: 'expired', reason: 'reservation_expired' }
/** Nothing is held or sold any more, and no money is held or kept. */
const undone = { stock: ['released'], payment: ['voided', 'refunded', 'declined'] } as const

/**
 * The saga of an order: reserve the stock, authorise the payment, commit the stock, capture. Committing is the pivot: until
 * then a stop gives back what was held and voids what was authorised; from then on the order goes forward, or is cancelled
 * by returning the stock and refunding the money.
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
    on: {},
    isCancellable: true,
    restsWith: { payment: ['captured'] },
  },
  rejected: {
    asks: 'notifications says so',
    on: {},
    isCancellable: false,
    restsWith: {},
  },
  cancelled: {
    asks: 'inventory releases or restocks; payments voids or refunds; notifications says so',
    on: {},
    isCancellable: false,
    restsWith: undone,
  },
  expired: {
    asks: 'inventory releases; payments voids; notifications says so',
    on: {},
    isCancellable: false,
    restsWith: undone,
  },
}
