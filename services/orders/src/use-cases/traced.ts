import { currentTraceparent, traceIdOf } from '@tradewind/service-kit/trace'
import type { Order } from '../domain/order.ts'

/**
 * The trace of the request or event that is being handled. Asked before an order is decided on: decisions of many callers
 * are carried out together.
 */
export function currentTraceId(): string | undefined {
  const traceparent = currentTraceparent()
  return traceparent === undefined ? undefined : traceIdOf(traceparent)
}

/** Notes with everything that is new in the timeline what it came with. */
export function traced(before: Order | undefined, after: Order, traceId: string | undefined): Order {
  const known = before?.timeline.length ?? 0
  if (traceId === undefined || after.timeline.length === known) return after
  return {
    ...after,
    timeline: after.timeline.map((entry, index) => (index < known ? entry : { ...entry, traceId })),
  }
}
