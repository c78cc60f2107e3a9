import type { Money, OrderLine, StopReason } from './order.ts'

/** So many units of a line. */
export interface Units {
  readonly lineId: string
  readonly sku: string
  readonly quantity: number
}

/** Who asks for a change, and when. Operators are named in the timeline. */
export interface Author {
  readonly at: Date
  readonly operatorId?: string
}

export interface Tracking {
  readonly carrier: string
  readonly code: string
  readonly url?: string
}

/** A part of an order on its way out of the house. */
export interface Fulfilment {
  readonly id: string
  readonly status: 'packing' | 'shipped' | 'delivered' | 'cancelled'
  readonly lines: readonly Units[]
  readonly createdAt: Date
  readonly tracking?: Tracking
  readonly shippedAt?: Date
  readonly deliveredAt?: Date
  readonly cancelledAt?: Date
  /** What is taken for it, where money is taken with each shipment. */
  readonly capture?: {
    readonly amountMinor: number
    readonly isLast: boolean
    /** True once payments has answered: with the money, or with a refusal. */
    readonly isDone: boolean
    readonly failure?: string
  }
}

/** Why money goes back: an edit or a cancellation settles what is owed, a return or goodwill comes off that. */
export type RefundCause = 'edited' | 'cancelled' | 'returned' | 'goodwill' | 'elsewhere'

/** Money that goes back. Each has an id of its own, so that saying it twice gives nothing twice. */
export interface Refund {
  readonly id: string
  /** Whose payment it comes from: the order's own, or that of a supplement. */
  readonly from: string
  readonly amountMinor: number
  readonly cause: RefundCause
  /** The operator's words. They stay here: events carry the cause alone. */
  readonly words?: string
  readonly returnId?: string
  /** What several refunds of one request have in common. */
  readonly requestId?: string
  readonly status: 'requested' | 'succeeded' | 'failed'
  readonly failure?: string
  /** True for one that was refused and asked for again under another id. */
  readonly isAskedAgain?: boolean
  readonly requestedAt: Date
  readonly answeredAt?: Date
}

/** Units that go back on the shelf. */
export interface Restock {
  readonly id: string
  /** Whose reservation they were sold from: the order's own, or that of a supplement. */
  readonly from: string
  readonly locationId?: string
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  readonly reason: 'cancelled' | 'edited' | 'returned'
  readonly isDone: boolean
}

export interface ReturnedLine extends Units {
  readonly restocked?: number
  readonly writtenOff?: number
}

export interface Return {
  readonly id: string
  readonly status: 'requested' | 'approved' | 'rejected' | 'received' | 'refunding' | 'refunded'
  readonly lines: readonly ReturnedLine[]
  readonly reason: string
  readonly requestedAt: Date
  readonly approvedAt?: Date
  readonly rejectedAt?: Date
  readonly rejection?: string
  readonly receivedAt?: Date
  readonly refundedAt?: Date
}

/** A change of the lines before anything is packed. What needs more units or more money waits for its supplement. */
export interface Edit {
  readonly id: string
  readonly status: 'open' | 'done' | 'failed'
  readonly wanted: readonly { readonly sku: string; readonly quantity: number }[]
  /** What is left of the lines there are. */
  readonly kept: readonly Units[]
  /** Lines that the supplement brings. */
  readonly added: readonly OrderLine[]
  readonly totalMinor: number
  readonly toPayMinor: number
  readonly supplementId?: string
  readonly failure?: StopReason
  readonly requestedAt: Date
  readonly endedAt?: Date
}

/** An order of its own that brings what an edit adds. It is asked for until it was taken over or has stopped. */
export interface Supplement {
  readonly id: string
  readonly totalMinor: number
  readonly status: 'asked' | 'taken' | 'stopped'
}

/** A request that was carried out, under its caller's idempotency key. */
export interface KeptKey {
  readonly key: string
  readonly request: string
  /** What came of it: the id of a fulfilment, a return, a refund, an edit. */
  readonly subject: string
  readonly at: Date
}

/** What an order was when it was placed, once it has been changed. */
export interface AsPlaced {
  readonly lines: readonly OrderLine[]
  readonly subtotal: Money
  readonly discount: Money
  readonly tax: Money
  readonly shipping: Money
  readonly total: Money
}

/** What becomes of an order once it is confirmed. Each part is missing until there is one. */
export interface AfterConfirmation {
  /** When money is taken: at once, which is meant where it is missing, or with each shipment. */
  readonly capture?: 'now' | 'on_ship'
  /** The order whose supplement this one is. */
  readonly partOf?: string
  /** What was taken from the order's own payment, as payments reported it. */
  readonly capturedMinor?: number
  /** Captures that the provider refused. Somebody has to look at them. */
  readonly refusedCaptures?: readonly string[]
  readonly fulfilments?: readonly Fulfilment[]
  readonly returns?: readonly Return[]
  readonly refunds?: readonly Refund[]
  readonly restocks?: readonly Restock[]
  readonly edits?: readonly Edit[]
  readonly supplements?: readonly Supplement[]
  readonly asPlaced?: AsPlaced
  /** True once what had not shipped was cancelled. */
  readonly isCutShort?: boolean
  /** Mails that were reported, besides those about how the order ended. */
  readonly mails?: readonly string[]
  readonly keys?: readonly KeptKey[]
}
