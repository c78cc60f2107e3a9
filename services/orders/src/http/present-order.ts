import type { Order } from '@tradewind/contracts/orders'
import type { StoredOrder } from '../store/order.repository.ts'
import { presentEdit, presentFulfilment, presentRefund, presentReturn } from './present-changes.ts'

export function presentOrder(order: StoredOrder): Order {
  const {
    id,
    number,
    customerId,
    status,
    paymentStatus,
    fulfilmentStatus,
    version,
    email,
    shippingAddress,
    note,
    reason,
    discountCode,
  } = order
  return {
    id,
    number,
    customerId,
    status,
    paymentStatus,
    fulfilmentStatus,
    lines: order.lines.map(({ from: _from, ...line }) => line),
    subtotal: order.subtotal,
    discount: order.discount,
    tax: order.tax,
    shipping: order.shipping,
    total: order.total,
    ...(discountCode !== undefined && { discountCode }),
    ...(email !== undefined && { email }),
    ...(shippingAddress !== undefined && { shippingAddress }),
    ...(note !== undefined && { note }),
    ...(reason !== undefined && { reason }),
    ...presentChanges(order),
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    version,
  }
}

/** What has become of the order since it was confirmed. Each part is there once there is something to say. */
function presentChanges(order: StoredOrder): Partial<Order> {
  const { fulfilments, returns, refunds, edits, capture, partOf } = order
  const { currency } = order.total
  return {
    ...(capture !== undefined && { capture }),
    ...(partOf !== undefined && { partOf }),
    ...(fulfilments !== undefined && { fulfilments: fulfilments.map((one) => presentFulfilment(one, currency)) }),
    ...(returns !== undefined && { returns: returns.map(presentReturn) }),
    ...(refunds !== undefined && { refunds: refunds.map((one) => presentRefund(one, currency)) }),
    ...(edits !== undefined && { edits: edits.map((one) => presentEdit(one, currency)) }),
  }
}
