import type { DomainEvent } from '@tradewind/contracts/event'
import {
  FulfilmentDeliveredV1,
  FulfilmentShippedV1,
  OrderEditedV1,
  ReturnApprovedV1,
  ReturnRefundedV1,
  ReturnRejectedV1,
} from '@tradewind/contracts/fulfilment'
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
export const edited = (ending: Ending): DomainEvent => OrderEditedV1.create(newId('evt'), summaryOf(ending))

const factsOf = ({ orderId, customerId }: Ending) => ({ orderId, customerId, number: 'TW-1000001' })
export const shipped = (ending: Ending): DomainEvent =>
  FulfilmentShippedV1.create(newId('evt'), {
    ...factsOf(ending),
    fulfilmentId: newId('ful'),
    lines: [{ lineId: newId('oln'), sku: 'MUG', quantity: 1 }],
    tracking: { carrier: 'Parcel Service', code: 'P&1', url: 'https://parcels.example/?code=1&lang=de' },
  })
export const arrived = (ending: Ending): DomainEvent =>
  FulfilmentDeliveredV1.create(newId('evt'), { ...factsOf(ending), fulfilmentId: newId('ful') })
export const returnApproved = (ending: Ending): DomainEvent =>
  ReturnApprovedV1.create(newId('evt'), { ...factsOf(ending), returnId: newId('ret') })
export const returnRejected = (ending: Ending): DomainEvent =>
  ReturnRejectedV1.create(newId('evt'), { ...factsOf(ending), returnId: newId('ret'), reason: 'It was <used>.' })
export const returnRefunded = (ending: Ending): DomainEvent =>
  ReturnRefundedV1.create(newId('evt'), {
    ...factsOf(ending),
    returnId: newId('ret'),
    refundId: newId('ref'),
    amount: { amountMinor: 1250, currency: 'EUR' },
  })
