import type { DomainEvent } from '@tradewind/contracts/event'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderReservedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'

export const total = { amountMinor: 2500, currency: 'EUR' }

const summaryOf = (orderId: string) => ({
  orderId,
  customerId: newId('usr'),
  number: 'TW-1',
  lines: [],
  total,
  contact: 'account' as const,
})

export const reserved = (orderId: string, paymentMethod = 'pm_approve'): DomainEvent =>
  OrderReservedV1.create(newId('evt'), { orderId, customerId: newId('usr'), total, paymentMethod })
export const confirmed = (orderId: string): DomainEvent =>
  OrderConfirmedV1.create(newId('evt'), { ...summaryOf(orderId), paymentId: orderId.replace('ord_', 'pay_') })
export const cancelled = (orderId: string): DomainEvent =>
  OrderCancelledV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'requested_by_customer' })
export const expired = (orderId: string): DomainEvent =>
  OrderExpiredV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'payment_timeout' })
