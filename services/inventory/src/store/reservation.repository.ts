import { type AggregateStore, createAggregateStore } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Reservation } from '../domain/reservation.ts'

export interface ReservationRepository extends AggregateStore<Reservation> {
  /** Orders whose reservation waits for the sweeper. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

export function createReservationRepository(db: Db, now: () => Date): ReservationRepository {
  const store = createAggregateStore<Reservation>(db, 'reservations', { now })
  return {
    ...store,
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
  }
}
