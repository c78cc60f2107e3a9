import type { Author } from './after-confirmation.ts'
import { type Change, entered, followedBy, noChange, type Said } from './change.ts'
import { cancelPacking } from './fulfilment.ts'
import { capturedMinor, chargedMinor, refundedMinor, settledMinor } from './money-owed.ts'
import { type Order, OrderNotCancellable, type OrderStatus, type StopReason, type TimelineEntry } from './order.ts'
import { answerRefund, noteRefund } from './refund.ts'
import { answerRestock } from './restock.ts'
import { settledReturn } from './return.ts'
import { type Announcement, isConfirmed, isStopped, type Milestone, sagaTable } from './saga-table.ts'
import { deliveredUnits, orderedUnits, overLines, receivedUnits, shippedUnits } from './units.ts'
import { openSupplements, openWishes } from './wishes.ts'

/** What the participants report. */
export type Fact =
  | { readonly type: 'stock-held' }
  | { readonly type: 'stock-rejected' }
  | { readonly type: 'stock-committed' }
  | { readonly type: 'stock-released' }
  | { readonly type: 'hold-expired' }
  | { readonly type: 'payment-authorized'; readonly paymentId: string }
  | { readonly type: 'payment-declined' }
  | { readonly type: 'payment-captured'; readonly amountMinor?: number; readonly fulfilmentId?: string }
  | { readonly type: 'payment-voided' }
  | {
      readonly type: 'capture-refused'
      readonly captureId: string
      readonly fulfilmentId?: string
      readonly reason: string
    }
  /** All of it where no refund is named, or one that was not asked for with the order's end. */
  | { readonly type: 'payment-refunded'; readonly refundId?: string; readonly amountMinor?: number }
  | { readonly type: 'refund-refused'; readonly refundId: string; readonly reason: string }
  | { readonly type: 'units-restocked'; readonly restockId: string }
  | { readonly type: 'customer-told'; readonly of: OrderStatus }
  /** A mail about anything else than how the order ended. */
  | { readonly type: 'mail-reported'; readonly notificationId: string }

export interface Step {
  readonly order: Order
  /** The event that goes out with the new status; undefined when the fact was only noted. */
  readonly announcement?: Announcement
  /** What else is said. */
  readonly said?: readonly Said[]
}

/** True once the customer can be told how the order ended: confirmed, or stopped. */
export const isDecided = ({ status }: Order): boolean => sagaTable[status].restsWith !== undefined

/** Applies a fact. The same object comes back when it says nothing new, so a redelivered event changes nothing. */
export function applyFact(order: Order, fact: Fact, entry: TimelineEntry, now: Date): Step {
  const noted = note(order, fact, now)
  const arrow = sagaTable[order.status].on[fact.type]
  if (noted === order && arrow === undefined) return { order }
  const told = { ...noted, timeline: [...noted.timeline, entry] }
  if (arrow !== undefined) return enter(told, arrow.to, arrow.reason, now)
  const { order: next, said } = followedBy(returnsSettled(told, now), (before) => advanced(before, now))
  return said.length === 0 ? { order: next } : { order: next, said }
}

/**
 * Nothing is held with this payment and nothing kept: nothing was taken, or refunds gave all of it back before the order was
 * stopped. What a supplement's has taken goes back with that.
 */
function noteVoid(order: Order): Order {
  const { id, paymentStatus, capturedMinor: own = 0, status: orderStatus } = order
  if (['declined', 'voided', 'refunded'].includes(paymentStatus)) return order
  if (own === 0) return { ...order, paymentStatus: 'voided' }
  const given = refundedMinor(order, ({ from, status }) => from === id && status === 'succeeded')
  return isStopped(orderStatus) && given >= own ? { ...order, paymentStatus: 'refunded' } : order
}

/** What a fact says of stock and money, kept whatever the order's status is. */
function note(order: Order, fact: Fact, now: Date): Order {
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
      return noteCapture(order, fact)
    case 'capture-refused':
      return noteRefusedCapture(order, fact)
    case 'payment-voided':
      return noteVoid(order)
    case 'payment-refunded':
      return noteGiven(order, fact, now)
    case 'refund-refused':
      return answerRefund(order, fact.refundId, fact.reason, now)
    case 'units-restocked':
      return answerRestock(order, fact.restockId)
    case 'customer-told':
      return order.toldOf.includes(fact.of) ? order : { ...order, toldOf: [...order.toldOf, fact.of] }
    case 'mail-reported': {
      const { mails = [] } = order
      return mails.includes(fact.notificationId) ? order : { ...order, mails: [...mails, fact.notificationId] }
    }
  }
}

/** All of the money, or what was taken for one shipment. */
function noteCapture(order: Order, { amountMinor, fulfilmentId }: Extract<Fact, { type: 'payment-captured' }>): Order {
  if (fulfilmentId === undefined) {
    if (order.paymentStatus !== 'authorized' && order.paymentStatus !== 'none') return order
    return withPaymentStatus({
      ...order,
      paymentStatus: 'captured',
      capturedMinor: amountMinor ?? chargedMinor(order),
    })
  }
  const sent = order.fulfilments?.find(({ id }) => id === fulfilmentId)
  if (sent?.capture === undefined || sent.capture.isDone) return order
  const capture = { ...sent.capture, isDone: true }
  return withPaymentStatus({
    ...order,
    fulfilments: (order.fulfilments ?? []).map((one) => (one === sent ? { ...one, capture } : one)),
    capturedMinor: (order.capturedMinor ?? 0) + (amountMinor ?? capture.amountMinor),
  })
}

/** What is not taken for a shipment is not waited for; where all was to be taken, the order goes on asking. */
function noteRefusedCapture(order: Order, fact: Extract<Fact, { type: 'capture-refused' }>): Order {
  const { refusedCaptures = [] } = order
  if (refusedCaptures.includes(fact.captureId)) return order
  const fulfilments = order.fulfilments?.map((one) =>
    one.id === fact.fulfilmentId && one.capture?.isDone === false
      ? { ...one, capture: { ...one.capture, isDone: true, failure: fact.reason } }
      : one,
  )
  return {
    ...order,
    ...(fulfilments !== undefined && { fulfilments }),
    refusedCaptures: [...refusedCaptures, fact.captureId],
  }
}

/** A refund that was asked for, all of the money, or a part that somebody gave back without asking here. */
function noteGiven(order: Order, fact: Extract<Fact, { type: 'payment-refunded' }>, now: Date): Order {
  const { refundId, amountMinor = 0 } = fact
  if (refundId !== undefined && order.refunds?.some(({ id }) => id === refundId)) {
    const answered = answerRefund(order, refundId, undefined, now)
    return answered === order ? order : withPaymentStatus(answered)
  }
  if (refundId !== undefined && isConfirmed(order.status)) {
    return withPaymentStatus(noteRefund(order, refundId, amountMinor, now))
  }
  return order.paymentStatus === 'refunded' ? order : { ...order, paymentStatus: 'refunded' }
}

/**
 * How the payment stands by the amounts that were reported. A cancelled order waits for the whole to be undone instead, and
 * one whose money is taken at once waits for its own, whatever was taken for a supplement.
 */
function withPaymentStatus(order: Order): Order {
  const captured = capturedMinor(order)
  const isOwnAwaited = order.capture !== 'on_ship' && order.capturedMinor === undefined
  if (!isConfirmed(order.status) || captured === 0 || isOwnAwaited) return order
  const refunded = refundedMinor(order, ({ status }) => status === 'succeeded')
  if (refunded > 0) return { ...order, paymentStatus: refunded < captured ? 'partially_refunded' : 'refunded' }
  const owed = order.capture === 'on_ship' ? order.total.amountMinor + settledMinor(order) : captured
  return { ...order, paymentStatus: captured < owed ? 'partially_captured' : 'captured' }
}

const returnsSettled = (order: Order, now: Date): Change =>
  (order.returns ?? [])
    .filter(({ status }) => status === 'refunding')
    .reduce<Change>((change, { id }) => followedBy(change, (before) => settledReturn(before, id, now)), noChange(order))

/** Most advanced first. */
function milestonesOf(order: Order): Milestone[] {
  const [ordered, shipped, delivered] = [
    orderedUnits(order),
    overLines(order, shippedUnits),
    overLines(order, deliveredUnits),
  ]
  if (shipped === 0) return []
  if (shipped < ordered) return ['part-shipped']
  return delivered < ordered || isAwaiting(order) ? ['rest-shipped'] : ['everything-settled', 'rest-shipped']
}

/** The order in the status that its shipments, deliveries and answers have brought it to. The same one when it is there. */
export function advanced(order: Order, now: Date): Change {
  const fulfilmentStatus = fulfilmentStatusOf(order)
  const noted = fulfilmentStatus === order.fulfilmentStatus ? order : { ...order, fulfilmentStatus }
  const { on } = sagaTable[order.status]
  const [arrow] = milestonesOf(noted).flatMap((milestone) => on[milestone] ?? [])
  if (arrow === undefined) return noChange(noted)
  const { order: next } = enter(noted, arrow.to, arrow.reason, now)
  const said: Said[] = arrow.to === 'completed' ? [{ type: 'completed' }] : []
  return followedBy({ order: next, said }, (before) => advanced(before, now))
}

function fulfilmentStatusOf(order: Order): Order['fulfilmentStatus'] {
  const shipped = overLines(order, shippedUnits)
  if (shipped === 0) return 'unfulfilled'
  if (shipped < orderedUnits(order)) return 'partially_fulfilled'
  const received = overLines(order, receivedUnits)
  if (received === 0) return 'fulfilled'
  return received < shipped ? 'partially_returned' : 'returned'
}

/** What somebody did to an order, with what follows from it at once. The same object comes back when it was nothing new. */
export function carriedOut(before: Order, change: Change, now: Date): Step {
  if (change.order === before) return { order: before }
  const wasAtRest = !isAwaiting(before)
  const { order, said } = followedBy(change, (next) => advanced(withPaymentStatus(next), now))
  const isNewWait = isAwaiting(order) && (wasAtRest || openWishes(order).length > openWishes(before).length)
  return { order: isNewWait ? { ...order, reminders: 0, ...(wasAtRest && { since: now }) } : order, said }
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
  const author: Author = { at: now }
  const { order: unpacked, said } = cancelPacking(order, author)
  const step = enter(editsFailed(unpacked, reason, now), 'cancelled', reason, now, entry.data)
  return said.length === 0 ? step : { ...step, said }
}

/** An edit that was under way is not made any more; its supplement is stopped with the order. */
function editsFailed(order: Order, failure: StopReason, now: Date): Order {
  if (order.edits?.some(({ status }) => status === 'open') !== true) return order
  const edits = order.edits.map((edit) =>
    edit.status === 'open' ? { ...edit, status: 'failed' as const, failure, endedAt: now } : edit,
  )
  return entered({ ...order, edits }, 'order.edit_failed', { at: now }, { reason: failure })
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

/** The customer hears of each ending: of a confirmed order that is cancelled, twice. Of a supplement only with its order. */
function isTold({ status, toldOf, partOf }: Order): boolean {
  const { tells } = sagaTable[status]
  return tells !== undefined && (partOf !== undefined || toldOf.includes(tells))
}

/** True while somebody still owes the order an answer. */
export function isAwaiting(order: Order): boolean {
  return isStatusAwaiting(order) || openWishes(order).length > 0 || openSupplements(order).length > 0
}

/** True while the answer that is owed is one to the order's status, not to a wish of its own. */
export function isStatusAwaiting(order: Order): boolean {
  const rest = sagaTable[order.status].restsWith
  if (!isTold(order)) return true
  if (rest === undefined) return false
  const { stock = [order.stockStatus], payment = [order.paymentStatus] } = rest
  const isPaid = (order.capture === 'on_ship' && isConfirmed(order.status)) || payment.includes(order.paymentStatus)
  return !stock.includes(order.stockStatus) || !isPaid
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
