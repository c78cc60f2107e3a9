import { isDecided } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import { lookEveryMs, type OrderNotice } from './order-notice.ts'

/** Waits until the order is confirmed or has stopped, or the time is up, and returns it as it is then. */
export type AwaitDecision = (order: StoredOrder, milliseconds: number) => Promise<StoredOrder>

export const makeAwaitDecision =
  ({ orders, notice }: { orders: OrderRepository; notice: OrderNotice }): AwaitDecision =>
  async (order, milliseconds) => {
    const endsAt = performance.now() + milliseconds
    let current = order
    for (;;) {
      const leftMs = endsAt - performance.now()
      if (isDecided(current) || leftMs <= 0) return current
      const told = await notice.wait(order.id, Math.min(lookEveryMs, leftMs), { until: isDecided })
      current = told ?? (await orders.find(order.id)) ?? current
    }
  }
