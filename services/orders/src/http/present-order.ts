import type { Order } from '@tradewind/contracts/orders'
import type { StoredOrder } from '../store/order.repository.ts'

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
    lines: [...order.lines],
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
    createdAt: order.createdAt.toISOString(),
    updatedAt: order.updatedAt.toISOString(),
    version,
  }
}
