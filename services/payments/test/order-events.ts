import type { DomainEvent } from '@tradewind/contracts/event'
import { FulfilmentShippedV1, RefundRequestedV1 } from '@tradewind/contracts/fulfilment'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderReservedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'

export const total = { amountMinor: 2500, currency: 'EUR' }
const of = (amountMinor: number) => ({ amountMinor, currency: total.currency })

const summaryOf = (orderId: string) => ({
  orderId,
  customerId: newId('usr'),
  number: 'TW-1',
  lines: [],
  total,
  contact: 'account' as const,
})

export const reserved = (orderId: string, paymentMethod = 'pm_approve', amount = total): DomainEvent =>
  OrderReservedV1.create(newId('evt'), { orderId, customerId: newId('usr'), total: amount, paymentMethod })
export const reservedForNothing = (orderId: string): DomainEvent => reserved(orderId, 'pm_approve', of(0))
export const confirmed = (orderId: string): DomainEvent =>
  OrderConfirmedV1.create(newId('evt'), { ...summaryOf(orderId), paymentId: orderId.replace('ord_', 'pay_') })
export const confirmedToShip = (orderId: string): DomainEvent =>
  OrderConfirmedV1.create(newId('evt'), {
    ...summaryOf(orderId),
    paymentId: orderId.replace('ord_', 'pay_'),
    capture: 'on_ship',
  })
/** A shipment of a part, with what is to be captured for it. */
export const shipped =
  (amountMinor: number, isLast = false, fulfilmentId = newId('ful')) =>
  (orderId: string): DomainEvent => {
    const { customerId, number } = summaryOf(orderId)
    const capture = { amount: of(amountMinor), isLast }
    return FulfilmentShippedV1.create(newId('evt'), { orderId, customerId, number, fulfilmentId, lines: [], capture })
  }
export const refundRequested =
  (amountMinor: number, refundId = newId('ref')) =>
  (orderId: string): DomainEvent =>
    RefundRequestedV1.create(newId('evt'), { orderId, refundId, amount: of(amountMinor), reason: 'a return' })
export const cancelled = (orderId: string): DomainEvent =>
  OrderCancelledV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'requested_by_customer' })
export const expired = (orderId: string): DomainEvent =>
  OrderExpiredV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'payment_timeout' })
