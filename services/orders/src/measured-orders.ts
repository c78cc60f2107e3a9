import type { Metrics } from '@tradewind/service-kit/metrics'
import { isDecided } from './domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from './store/order.repository.ts'

const bucketsSeconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900]

/** The same orders, and how long they take from being accepted to being decided. */
export function measuredOrders<R extends OrderRepository>(orders: R, metrics: Metrics, now: () => Date): R {
  const duration = metrics.histogram({
    name: 'order_saga_duration_seconds',
    help: 'Time from accepting an order to deciding how it ends, by the status that it was decided to have',
    labelNames: ['outcome'],
    buckets: bucketsSeconds,
  })
  metrics.readOnScrape({
    name: 'order_saga_oldest_wait_seconds',
    help: 'Longest time that an order has waited for the answer to its current step; 0 when none waits. The same on every replica',
    read: async () => {
      const [longest] = await orders.waitingSince(now(), 1)
      const waitedMs = longest === undefined ? 0 : now().getTime() - longest.since.getTime()
      return [{ value: Math.max(0, waitedMs) / 1000 }]
    },
  })
  return watchDecisions(orders, ({ status, createdAt, updatedAt }) =>
    duration.observe({ outcome: status }, (updatedAt.getTime() - createdAt.getTime()) / 1000),
  )
}

/** Tells of each order at the moment when it is decided how it ends: confirmed, or stopped. */
const watchDecisions = <R extends OrderRepository>(orders: R, decided: (order: StoredOrder) => void): R => ({
  ...orders,
  update: async (id, decide) => {
    let wasDecided = true
    const after = await orders.update(id, (before) => {
      wasDecided = isDecided(before)
      return decide(before)
    })
    if (!wasDecided && isDecided(after)) decided(after)
    return after
  },
})
