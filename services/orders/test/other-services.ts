import type { DomainEvent } from '@tradewind/contracts/event'
import { FulfilmentShippedV1, RefundRequestedV1, UnitsReturnedV1 } from '@tradewind/contracts/fulfilment'
import {
  ReservationCommittedV1,
  ReservationHeldV1,
  ReservationRejectedV1,
  ReservationReleasedV1,
  StockRestockedV1,
} from '@tradewind/contracts/inventory'
import { NotificationSentV1, type NotificationTemplate } from '@tradewind/contracts/notifications'
import {
  OrderAuthorizedV1,
  OrderCancelledV1,
  OrderConfirmedV1,
  OrderExpiredV1,
  OrderPlacedV1,
  OrderRejectedV1,
  OrderReservedV1,
} from '@tradewind/contracts/orders'
import {
  CaptureFailedV1,
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundFailedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import type { OrdersUnderTest } from './orders-under-test.ts'

interface Account {
  authorizedMinor: number
  capturedMinor: number
  refundedMinor: number
  /** Wishes that were carried out, so that a repetition gives nothing twice. */
  readonly done: Set<string>
}

interface Shelf {
  readonly sold: Map<string, number>
  readonly taken: Map<string, number>
}

/** What the others do in a test. */
export interface OthersBehave {
  /** SKUs that are not there. */
  readonly outOfStock: Set<string>
  /** True while payments refuses every refund. */
  refusesRefunds: boolean
  /** True while payments refuses to take anything for a shipment. */
  refusesCaptures: boolean
  /** True while cards are declined. */
  declines: boolean
}

export interface OtherServices extends OthersBehave {
  /** Answers everything that orders has published, and what comes of it, until nothing new is said. */
  readonly answer: () => Promise<void>
  /** What the customer has paid for an order and its supplements, less what went back. */
  readonly keptMinor: (...orderIds: readonly string[]) => number
  readonly capturedMinor: (orderId: string) => number
  /** Units of a SKU that were sold to an order and did not go back on the shelf. */
  readonly soldUnits: (sku: string, ...orderIds: readonly string[]) => number
}

const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
const paymentIdOf = (orderId: string) => orderId.replace('ord_', 'pay_')
const evt = () => newId('evt')

/** Plays inventory, payments and notifications: each keeps what it was asked for as a set, and reports what it did. */
export function playOthers(orders: OrdersUnderTest): OtherServices {
  const accounts = new Map<string, Account>()
  const shelves = new Map<string, Shelf>()
  const behave: OthersBehave = { outOfStock: new Set(), refusesRefunds: false, refusesCaptures: false, declines: false }
  let seen = orders.published.length

  const accountOf = (orderId: string): Account => {
    const account = accounts.get(orderId) ?? { authorizedMinor: 0, capturedMinor: 0, refundedMinor: 0, done: new Set() }
    accounts.set(orderId, account)
    return account
  }
  const shelfOf = (orderId: string): Shelf => {
    const shelf = shelves.get(orderId) ?? { sold: new Map(), taken: new Map() }
    shelves.set(orderId, shelf)
    return shelf
  }
  const once = (orderId: string, wish: string, carryOut: (account: Account) => void) => {
    const account = accountOf(orderId)
    if (account.done.has(wish)) return
    account.done.add(wish)
    carryOut(account)
  }
  const mail = (orderId: string, template: NotificationTemplate): DomainEvent =>
    NotificationSentV1.create(evt(), { notificationId: newId('ntf'), orderId, template, channel: 'email' })
  const told = (template: NotificationTemplate, { orderId, partOf }: { orderId: string; partOf?: string }) =>
    partOf === undefined ? [mail(orderId, template)] : []

  function undo(orderId: string): DomainEvent[] {
    const account = accountOf(orderId)
    const paymentId = paymentIdOf(orderId)
    shelfOf(orderId).sold.clear()
    const released = ReservationReleasedV1.create(evt(), { orderId, restocked: account.capturedMinor > 0 })
    if (account.capturedMinor === 0) return [released, PaymentVoidedV1.create(evt(), { orderId, paymentId })]
    const rest = account.capturedMinor - account.refundedMinor
    account.refundedMinor = account.capturedMinor
    const all = { orderId, paymentId, refundId: orderId.replace('ord_', 'ref_'), amount: eur(rest) }
    return [released, RefundSucceededV1.create(evt(), all)]
  }

  function capture(orderId: string, wish: string, amountMinor: number, fulfilmentId?: string): DomainEvent[] {
    if (behave.refusesCaptures && fulfilmentId !== undefined) {
      const refused = { orderId, paymentId: paymentIdOf(orderId), captureId: fulfilmentId, fulfilmentId }
      return [CaptureFailedV1.create(evt(), { ...refused, amount: eur(amountMinor), reason: 'nothing is held' })]
    }
    once(orderId, wish, (account) => {
      if (account.capturedMinor + amountMinor > account.authorizedMinor) throw new Error('more than was authorised')
      account.capturedMinor += amountMinor
    })
    const paymentId = paymentIdOf(orderId)
    const taken = { orderId, paymentId, amount: eur(amountMinor), ...(fulfilmentId !== undefined && { fulfilmentId }) }
    return [PaymentCapturedV1.create(evt(), taken)]
  }

  function refund(orderId: string, refundId: string, amountMinor: number): DomainEvent[] {
    const given = { orderId, paymentId: paymentIdOf(orderId), refundId, amount: eur(amountMinor) }
    if (behave.refusesRefunds) return [RefundFailedV1.create(evt(), { ...given, reason: 'account closed' })]
    once(orderId, refundId, (account) => {
      if (account.refundedMinor + amountMinor > account.capturedMinor) throw new Error('more than was captured')
      account.refundedMinor += amountMinor
    })
    return [RefundSucceededV1.create(evt(), given)]
  }

  function restock(
    orderId: string,
    restockId: string,
    lines: readonly { readonly sku: string; readonly quantity: number }[],
  ): DomainEvent[] {
    const { sold, taken } = shelfOf(orderId)
    const back = lines.map(({ sku, quantity }) => {
      const key = `${restockId} ${sku}`
      const units = taken.get(key) ?? Math.min(quantity, sold.get(sku) ?? 0)
      if (!taken.has(key)) sold.set(sku, (sold.get(sku) ?? 0) - units)
      taken.set(key, units)
      return { sku, quantity, taken: units }
    })
    return [StockRestockedV1.create(evt(), { orderId, restockId, lines: back })]
  }

  function answersTo({ type, data }: DomainEvent): DomainEvent[] {
    if (type === OrderPlacedV1.type && OrderPlacedV1.matches(data)) {
      const { orderId, lines } = data
      if (lines.some(({ sku }) => behave.outOfStock.has(sku))) {
        return [ReservationRejectedV1.create(evt(), { orderId, reason: 'out_of_stock', unavailable: [] })]
      }
      const { sold } = shelfOf(orderId)
      sold.clear()
      for (const { sku, quantity } of lines) sold.set(sku, (sold.get(sku) ?? 0) + quantity)
      return [ReservationHeldV1.create(evt(), { orderId, expiresAt: '2027-01-01T00:00:00Z', allocations: [] })]
    }
    if (type === OrderReservedV1.type && OrderReservedV1.matches(data)) {
      const { orderId, total } = data
      const paymentId = paymentIdOf(orderId)
      if (behave.declines) {
        return [PaymentDeclinedV1.create(evt(), { orderId, paymentId, reason: 'payment_declined' })]
      }
      accountOf(orderId).authorizedMinor = total.amountMinor
      return [PaymentAuthorizedV1.create(evt(), { orderId, paymentId, amount: total })]
    }
    if (type === OrderAuthorizedV1.type && OrderAuthorizedV1.matches(data)) {
      return [ReservationCommittedV1.create(evt(), { orderId: data.orderId, allocations: [] })]
    }
    if (type === OrderConfirmedV1.type && OrderConfirmedV1.matches(data)) {
      const isNow = data.capture !== 'on_ship'
      return [...(isNow ? capture(data.orderId, 'all', data.total.amountMinor) : []), ...told('order-confirmed', data)]
    }
    if (type === OrderRejectedV1.type && OrderRejectedV1.matches(data)) return told('order-rejected', data)
    if (type === OrderCancelledV1.type && OrderCancelledV1.matches(data)) {
      return [...undo(data.orderId), ...told('order-cancelled', data)]
    }
    if (type === OrderExpiredV1.type && OrderExpiredV1.matches(data)) {
      return [...undo(data.orderId), ...told('order-expired', data)]
    }
    if (type === FulfilmentShippedV1.type && FulfilmentShippedV1.matches(data)) {
      if (data.capture === undefined || data.capture.amount.amountMinor === 0) return []
      return capture(data.orderId, data.fulfilmentId, data.capture.amount.amountMinor, data.fulfilmentId)
    }
    if (type === RefundRequestedV1.type && RefundRequestedV1.matches(data)) {
      return refund(data.orderId, data.refundId, data.amount.amountMinor)
    }
    if (type === UnitsReturnedV1.type && UnitsReturnedV1.matches(data)) {
      return restock(data.orderId, data.restockId, data.lines)
    }
    return []
  }

  return Object.assign(behave, {
    answer: async () => {
      for (;;) {
        await orders.settle()
        const news = orders.published.slice(seen)
        if (news.length === 0) return
        seen += news.length
        const answers = news.flatMap(answersTo)
        for (const one of answers) await orders.publish(one)
      }
    },
    keptMinor: (...orderIds: readonly string[]) =>
      orderIds.reduce((sum, id) => sum + accountOf(id).capturedMinor - accountOf(id).refundedMinor, 0),
    capturedMinor: (orderId: string) => accountOf(orderId).capturedMinor,
    soldUnits: (sku: string, ...orderIds: readonly string[]) =>
      orderIds.reduce((sum, id) => sum + (shelfOf(id).sold.get(sku) ?? 0), 0),
  })
}
