import { isDecided } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'

/** Tells those who wait in this process that an order has changed. */
export interface DecisionNotice {
  readonly changed: (order: StoredOrder) => void
  readonly wait: (orderId: string, milliseconds: number) => Promise<void>
}

/** Another replica may decide an order, so whoever waits looks for itself now and then. */
const lookEveryMs = 500

export function createDecisionNotice(): DecisionNotice {
  const waiting = new Map<string, Set<() => void>>()
  return {
    changed: (order) => {
      if (isDecided(order)) for (const wake of waiting.get(order.id) ?? []) wake()
    },
    wait: (orderId, milliseconds) =>
      new Promise((resolve) => {
        const others = waiting.get(orderId) ?? new Set()
        waiting.set(orderId, others)
        const wake = () => {
          clearTimeout(timer)
          others.delete(wake)
          if (others.size === 0) waiting.delete(orderId)
          resolve()
        }
        const timer = setTimeout(wake, milliseconds)
        others.add(wake)
      }),
  }
}

/** Waits until the order is confirmed or has stopped, or the time is up, and returns it as it is then. */
export type AwaitDecision = (order: StoredOrder, milliseconds: number) => Promise<StoredOrder>

export const makeAwaitDecision =
  ({ orders, notice }: { orders: OrderRepository; notice: DecisionNotice }): AwaitDecision =>
  async (order, milliseconds) => {
    const endsAt = performance.now() + milliseconds
    let current = order
    for (;;) {
      const leftMs = endsAt - performance.now()
      if (isDecided(current) || leftMs <= 0) return current
      await notice.wait(order.id, Math.min(lookEveryMs, leftMs))
      current = (await orders.find(order.id)) ?? current
    }
  }
