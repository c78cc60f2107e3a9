import type { Stored } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import { extendHold, type Reservation } from '../domain/reservation.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import { held } from './follow-plan.ts'

/** Holds what an order holds until so many minutes from now, never shorter than before. Throws `ReservationNotHeld`. */
export type ExtendReservation = (order: { orderId: string; minutes: number }) => Promise<Reservation & Stored>

interface Ports {
  readonly reservations: ReservationRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeExtendReservation =
  ({ reservations, now, newId }: Ports): ExtendReservation =>
  ({ orderId, minutes }) =>
    reservations.update(orderId, (before) => {
      const after = extendHold(before, new Date(now().getTime() + minutes * 60_000), now())
      return after === before ? unchanged() : changed(after, held(newId, after))
    })
