import type { DomainEvent } from '@tradewind/contracts/event'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderRejectedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import type { NotificationsUnderTest } from './notifications-under-test.ts'

export interface Ending {
  readonly orderId: string
  readonly customerId: string
  readonly contact: 'order' | 'account'
}

const total = { amountMinor: 2500, currency: 'EUR' }
const summaryOf = (ending: Ending) => ({
  ...ending,
  number: 'TW-1000001',
  lines: [{ sku: 'MUG', title: 'Mug, Blue', quantity: 2, total }],
  total,
})

/** An order that ends, and whose customer can be written to: at the address of the order, or of the account. */
export function newEnding({ addresses }: NotificationsUnderTest, contact: Ending['contact'] = 'order'): Ending {
  const ending = { orderId: newId('ord'), customerId: newId('usr'), contact }
  addresses.set(contact === 'order' ? ending.orderId : ending.customerId, `${contact}@example.org`)
  return ending
}

export const confirmed = (ending: Ending): DomainEvent =>
  OrderConfirmedV1.create(newId('evt'), { ...summaryOf(ending), paymentId: ending.orderId.replace('ord_', 'pay_') })
export const rejected = (ending: Ending): DomainEvent =>
  OrderRejectedV1.create(newId('evt'), { ...summaryOf(ending), reason: 'out_of_stock' })
export const cancelled = (ending: Ending): DomainEvent =>
  OrderCancelledV1.create(newId('evt'), { ...summaryOf(ending), reason: 'payment_declined' })
export const expired = (ending: Ending): DomainEvent =>
  OrderExpiredV1.create(newId('evt'), { ...summaryOf(ending), reason: 'payment_timeout' })
