import { OrderNotFound } from '../domain/order.ts'
import type { OrderQuery, OrderRepository, StoredOrder } from '../store/order.repository.ts'

export interface ReadOrders {
  /** Throws `OrderNotFound`, also for somebody else's order. `customerId` is undefined for operators. */
  readonly find: (orderId: string, customerId: string | undefined) => Promise<StoredOrder>
  readonly list: (query: OrderQuery) => Promise<{ items: StoredOrder[]; hasMore: boolean }>
}

export const makeReadOrders = (orders: OrderRepository): ReadOrders => ({
  find: async (orderId, customerId) => {
    const order = await orders.find(orderId)
    if (order === undefined || (customerId !== undefined && customerId !== order.customerId)) {
      throw OrderNotFound({ orderId })
    }
    return order
  },
  list: async (query) => {
    const found = await orders.list(query)
    return { items: found.slice(0, query.limit), hasMore: found.length > query.limit }
  },
})
