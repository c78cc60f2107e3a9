import type { StoredOrder } from '../store/order.repository.ts'

interface Wait {
  readonly signal?: AbortSignal
  /** Which changes are waited for; the next one when left out. */
  readonly until?: (order: StoredOrder) => boolean
}

/** Tells those who wait in this process what has become of an order. */
export interface OrderNotice {
  readonly changed: (order: StoredOrder) => void
  /** Resolves with the order as it is then, or with nothing when the time is up or `signal` is aborted. */
  readonly wait: (orderId: string, milliseconds: number, wait?: Wait) => Promise<StoredOrder | undefined>
}

/** Another replica may change an order, so whoever waits looks for itself now and then. */
export const lookEveryMs = 500

export function createOrderNotice(): OrderNotice {
  const waiting = new Map<string, Set<(order: StoredOrder) => void>>()
  return {
    changed: (order) => {
      for (const tell of waiting.get(order.id) ?? []) tell(order)
    },
    wait: (orderId, milliseconds, { signal, until } = {}) =>
      new Promise((resolve) => {
        const others = waiting.get(orderId) ?? new Set()
        waiting.set(orderId, others)
        const end = (order?: StoredOrder) => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', giveUp)
          others.delete(tell)
          if (others.size === 0) waiting.delete(orderId)
          resolve(order)
        }
        const tell = (order: StoredOrder) => {
          if (until === undefined || until(order)) end(order)
        }
        const giveUp = () => end()
        const timer = setTimeout(giveUp, milliseconds)
        signal?.addEventListener('abort', giveUp)
        others.add(tell)
      }),
  }
}
