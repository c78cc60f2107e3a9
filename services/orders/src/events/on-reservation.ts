import {
  ReservationCommittedV1,
  ReservationExpiredV1,
  ReservationHeldV1,
  ReservationRejectedV1,
  ReservationReleasedV1,
} from '@tradewind/contracts/inventory'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { RecordFact } from '../use-cases/record-fact.ts'
import { timelineEntry } from './timeline-entry.ts'

// Safe to repeat and to reorder: a fact moves the order only from the status that waits for it.
export const onReservation = (record: RecordFact): EventHandler[] => [
  on(ReservationHeldV1, (event) => record(event.data.orderId, { type: 'stock-held' }, timelineEntry(event))),
  on(ReservationRejectedV1, (event) => record(event.data.orderId, { type: 'stock-rejected' }, timelineEntry(event))),
  on(ReservationCommittedV1, (event) => record(event.data.orderId, { type: 'stock-committed' }, timelineEntry(event))),
  on(ReservationReleasedV1, (event) => record(event.data.orderId, { type: 'stock-released' }, timelineEntry(event))),
  on(ReservationExpiredV1, (event) => record(event.data.orderId, { type: 'hold-expired' }, timelineEntry(event))),
]
