import type { ReceivedEvent } from '@tradewind/messaging/consumer'
import type { TimelineEntry } from '../domain/order.ts'

/** An event as the timeline tells it: the type without its version, and the facts that are not the order's id. */
export function timelineEntry({ type, time, data }: ReceivedEvent<{ orderId: string }>): TimelineEntry {
  const { orderId: _orderId, ...facts } = data
  const name = type.replace(/\.v\d+$/, '')
  return { at: time, type: name, service: name.split('.')[0] ?? '', data: facts }
}
