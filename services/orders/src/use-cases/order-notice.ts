/** Tells those who wait in this process that an order has changed. */
export interface OrderNotice {
  readonly changed: (orderId: string) => void
  /** Resolves at the next change, when the time is up, or when `signal` is aborted. */
  readonly wait: (orderId: string, milliseconds: number, signal?: AbortSignal) => Promise<void>
}

/** Another replica may change an order, so whoever waits looks for itself now and then. */
export const lookEveryMs = 500

export function createOrderNotice(): OrderNotice {
  const waiting = new Map<string, Set<() => void>>()
  return {
    changed: (orderId) => {
      for (const wake of waiting.get(orderId) ?? []) wake()
    },
    wait: (orderId, milliseconds, signal) =>
      new Promise((resolve) => {
        const others = waiting.get(orderId) ?? new Set()
        waiting.set(orderId, others)
        const wake = () => {
          clearTimeout(timer)
          signal?.removeEventListener('abort', wake)
          others.delete(wake)
          if (others.size === 0) waiting.delete(orderId)
          resolve()
        }
        const timer = setTimeout(wake, milliseconds)
        signal?.addEventListener('abort', wake)
        others.add(wake)
      }),
  }
}
