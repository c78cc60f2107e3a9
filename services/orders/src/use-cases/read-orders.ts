import { OrderNotFound } from '../domain/order.ts'
import type { OrderQuery, OrderRepository, StoredOrder } from '../store/order.repository.ts'

export interface ReadOrders {
  /** Throws `OrderNotFound`, also for somebody else's order. `customerId` is undefined for operators. */
  readonly find: (orderId: string, customerId: string | undefined) => Promise<StoredOrder>
  /** Newest first, one more than asked for when there are more. */
  readonly list: (query: OrderQuery) => Promise<StoredOrder[]>
}

export const makeReadOrders = (orders: OrderRepository): ReadOrders => ({
  find: async (orderId, customerId) => {
    const order = await orders.find(orderId)
    if (order === undefined || (customerId !== undefined && customerId !== order.customerId)) {
      throw OrderNotFound({ orderId })
    }
    return order
  },
  list: (query) => orders.list(query),
})
