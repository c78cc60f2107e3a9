import { type Order, OrderNotCancellable, type OrderStatus, type StopReason, type TimelineEntry } from './order.ts'
import { type Announcement, sagaTable } from './saga-table.ts'

/** What the participants report. */
export type Fact =
  | { readonly type: 'stock-held' }
  | { readonly type: 'stock-rejected' }
  | { readonly type: 'stock-committed' }
  | { readonly type: 'stock-released' }
  | { readonly type: 'hold-expired' }
  | { readonly type: 'payment-authorized'; readonly paymentId: string }
  | { readonly type: 'payment-declined' }
  | { readonly type: 'payment-captured' }
  | { readonly type: 'payment-voided' }
  | { readonly type: 'payment-refunded' }
  | { readonly type: 'customer-told'; readonly of: OrderStatus }

export interface Step {
  readonly order: Order
  /** The event that goes out with the new status; undefined when the fact was only noted. */
  readonly announcement?: Announcement
}

/** True once the customer can be told how the order ended: confirmed, or stopped. */
export const isDecided = ({ status }: Order): boolean => sagaTable[status].restsWith !== undefined

/** Applies a fact. The same object comes back when it says nothing new, so a redelivered event changes nothing. */
export function applyFact(order: Order, fact: Fact, entry: TimelineEntry, now: Date): Step {
  const noted = note(order, fact)
  const arrow = sagaTable[order.status].on[fact.type]
  if (noted === order && arrow === undefined) return { order }
  const told = { ...noted, timeline: [...noted.timeline, entry] }
  return arrow === undefined ? { order: told } : enter(told, arrow.to, arrow.reason, now)
}

/** What a fact says of stock and money, kept whatever the order's status is. */
function note(order: Order, fact: Fact): Order {
  switch (fact.type) {
    case 'stock-held':
      return order.stockStatus === 'none' ? { ...order, stockStatus: 'held' } : order
    case 'stock-committed':
      return order.stockStatus === 'held' ? { ...order, stockStatus: 'committed' } : order
    case 'stock-rejected':
    case 'stock-released':
    case 'hold-expired':
      return order.stockStatus === 'released' ? order : { ...order, stockStatus: 'released' }
    case 'payment-authorized':
      if (order.paymentStatus !== 'none') return order
      return { ...order, paymentStatus: 'authorized', paymentId: fact.paymentId }
    case 'payment-declined':
      return order.paymentStatus === 'none' ? { ...order, paymentStatus: 'declined' } : order
    case 'payment-captured':
      if (order.paymentStatus !== 'authorized' && order.paymentStatus !== 'none') return order
      return { ...order, paymentStatus: 'captured' }
    case 'payment-voided':
      if (order.paymentStatus !== 'authorized' && order.paymentStatus !== 'none') return order
      return { ...order, paymentStatus: 'voided' }
    case 'payment-refunded':
      return order.paymentStatus === 'refunded' ? order : { ...order, paymentStatus: 'refunded' }
    case 'customer-told':
      return order.toldOf.includes(fact.of) ? order : { ...order, toldOf: [...order.toldOf, fact.of] }
  }
}

/**
 * Cancels an order that has not ended. The same step comes back for one that is cancelled already.
 * Throws `OrderNotCancellable` for one that was rejected or has expired.
 */
export function cancelOrder(
  order: Order,
  reason: StopReason,
  entry: Omit<TimelineEntry, 'type' | 'service'>,
  now: Date,
): Step {
  if (order.status === 'cancelled') return { order }
  if (!sagaTable[order.status].isCancellable) throw OrderNotCancellable({ orderId: order.id, status: order.status })
  return enter(order, 'cancelled', reason, now, entry.data)
}

function enter(
  order: Order,
  announcement: Announcement,
  reason: StopReason | undefined,
  now: Date,
  data: TimelineEntry['data'] = {},
): Step {
  const entry = {
    at: now,
    type: `orders.order.${announcement}`,
    service: 'orders',
    data: { ...data, ...(reason !== undefined && { reason }) },
  }
  return {
    order: {
      ...order,
      status: announcement,
      ...(reason !== undefined && { reason }),
      timeline: [...order.timeline, entry],
      since: now,
      reminders: 0,
    },
    announcement,
  }
}

/** The customer hears of each ending: of a confirmed order that is cancelled, twice. */
const isTold = ({ status, toldOf }: Order): boolean => toldOf.includes(status)

/** True while somebody still owes the order an answer. */
export function isAwaiting(order: Order): boolean {
  const rest = sagaTable[order.status].restsWith
  if (rest === undefined || !isTold(order)) return true
  const { stock = [order.stockStatus], payment = [order.paymentStatus] } = rest
  return !stock.includes(order.stockStatus) || !payment.includes(order.paymentStatus)
}

export interface SagaTimes {
  /** First reminder after this long without an answer; later ones at doubling distances. */
  readonly reminderMs: number
  /** How long the stock may take to be held, and the payment to be authorised, before the order is given up. */
  readonly stepDeadlineMs: number
}

const longestReminderMs = 60_000

/** Sets when the reconciler is to look at the order, or that it need not any more. */
export function scheduled(order: Order, now: Date, { reminderMs }: SagaTimes): Order {
  const { dueAt: _dueAt, ...rest } = order
  if (!isAwaiting(order)) return rest
  const delayMs = Math.min(longestReminderMs, reminderMs * 2 ** order.reminders)
  return { ...rest, dueAt: new Date(now.getTime() + delayMs) }
}

/**
 * What the reconciler does with an order that has waited too long: gives it up when a deadline before the pivot has
 * passed, else asks again by sending the last announcement once more.
 */
export function remind(order: Order, now: Date, { stepDeadlineMs }: SagaTimes): Step | 'ask-again' {
  const { tooLate } = sagaTable[order.status]
  if (tooLate === undefined || now.getTime() - order.since.getTime() < stepDeadlineMs) return 'ask-again'
  return enter(order, tooLate.to, tooLate.reason, now)
}
