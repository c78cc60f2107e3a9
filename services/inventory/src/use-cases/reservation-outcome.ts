import {
  ReservationCommittedV1,
  ReservationExpiredV1,
  ReservationHeldV1,
  ReservationRejectedV1,
  ReservationReleasedV1,
} from '@tradewind/contracts/inventory'
import type { Reservation } from '../domain/reservation.ts'

/** The event types that tell how a reservation stands, for whoever asks again. */
export function outcomeEvents({ status }: Reservation): string[] {
  switch (status) {
    case 'held':
      return [ReservationHeldV1.type]
    case 'rejected':
      return [ReservationRejectedV1.type]
    case 'committed':
      return [ReservationCommittedV1.type]
    case 'released':
      return [ReservationReleasedV1.type]
    case 'expired':
      return [ReservationExpiredV1.type]
    case 'holding':
    case 'committing':
    case 'releasing':
      return []
  }
}
