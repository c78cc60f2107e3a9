import { defineError } from '@tradewind/service-kit/errors'

export const TooManyOrders = defineError(
  'ORDERS_TOO_MANY',
  'unavailable',
  'More orders come in than can be carried out in time. Try again in a moment, with the same Idempotency-Key.',
)

/** Says whether new orders are taken, by how long earlier ones had to wait. */
export interface Admission {
  /** Throws `TooManyOrders` while those that were taken wait too long. */
  readonly admit: () => void
  /** An order was decided, so long after it was placed. */
  readonly noteDecision: (waitedMs: number) => void
}

/** Also the quickest order of a while waited longer than this: then it is the queue, and not the order. */
const tooLongMs = 2000
const whileMs = 500
/** Fewer decisions say nothing. With none, because something is away, orders are taken all the same and carried out later. */
const fewestDecisions = 10
const retryAfterSeconds = 2

/**
 * Orders in progress go before new ones. The quickest decision of each half second is looked at, as CoDel looks at the
 * shortest stay in a queue (RFC 8289): it tells a queue that stands from a burst, and needs no figure of what the machine can do.
 */
export function createAdmission(now: () => number): Admission {
  let startedAt = now()
  let quickestMs = Number.POSITIVE_INFINITY
  let decisions = 0
  let isFull = false

  function turn() {
    const at = now()
    if (at - startedAt < whileMs) return
    isFull = decisions >= fewestDecisions && quickestMs > tooLongMs
    startedAt = at
    quickestMs = Number.POSITIVE_INFINITY
    decisions = 0
  }

  return {
    admit: () => {
      turn()
      if (isFull) throw TooManyOrders({ retryAfterSeconds })
    },
    noteDecision: (waitedMs) => {
      turn()
      decisions += 1
      quickestMs = Math.min(quickestMs, waitedMs)
    },
  }
}
