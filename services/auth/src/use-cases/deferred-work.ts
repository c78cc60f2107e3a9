import { defineError } from '@tradewind/service-kit/errors'

export const TooMuchDeferred = defineError(
  'AUTH_BUSY_WITH_MAILS',
  'unavailable',
  'Too many mails are asked for at the moment. Try again in a moment.',
)

/**
 * Work that is done after the answer, so that the time of the answer tells nothing of it. It is lost when the process
 * dies: only for what somebody can ask for again.
 */
export interface DeferredWork {
  /** Throws `TooMuchDeferred`. */
  readonly add: (job: () => Promise<unknown>) => void
  /** Resolves when nothing is left to do. */
  readonly settle: () => Promise<void>
}

const maxWaiting = 1000
const atOnce = 4

export function createDeferredWork(onError: (error: unknown) => void): DeferredWork {
  const waiting: (() => Promise<unknown>)[] = []
  const running = new Set<Promise<void>>()

  const runNext = (): void => {
    if (running.size >= atOnce) return
    const job = waiting.shift()
    if (job === undefined) return
    const run = Promise.try(job)
      .then(() => undefined, onError)
      .finally(() => {
        running.delete(run)
        runNext()
      })
    running.add(run)
  }

  return {
    add: (job) => {
      if (waiting.length >= maxWaiting) throw TooMuchDeferred({ retryAfterSeconds: 2 })
      waiting.push(job)
      // Not before the answer is on its way.
      setImmediate(runNext)
    },
    settle: async () => {
      while (waiting.length > 0 || running.size > 0) {
        runNext()
        await Promise.all(running)
      }
    },
  }
}
