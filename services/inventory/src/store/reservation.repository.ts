import {
  type Aggregates,
  createAggregateStore,
  type Stored,
  type WithOutbox,
} from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { Reservation } from '../domain/reservation.ts'

export interface ReservationRepository extends Aggregates<Reservation> {
  /** Orders whose reservation waits for the sweeper. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  readonly findMany: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, Reservation & Stored>>
  /** Reservations under way, in the order of their ids. */
  readonly walkLive: (after: string, limit: number) => Promise<(Reservation & Stored)[]>
  /** Reservations under way that take from a shelf, oldest first. */
  readonly liveAt: (sku: string, locationId: string) => Promise<(Reservation & Stored)[]>
}

export function createReservationRepository(db: Db, now: () => Date): ReservationRepository & WithOutbox {
  const store = createAggregateStore<Reservation>(db, 'reservations', { now })
  const withoutOutbox = { projection: { 'outbox.entries': 0 } }
  // Only what is under way waits for the sweeper.
  const live = { dueAt: { $exists: true } }
  return {
    ...store,
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
    findMany: async (orderIds) => {
      if (orderIds.length === 0) return new Map()
      const found = await store.collection.find({ _id: { $in: [...orderIds] } }, withoutOutbox).toArray()
      return new Map(found.map((document) => [document._id, store.toState(document)]))
    },
    walkLive: async (after, limit) => {
      const filter = { ...live, _id: { $gt: after } }
      const found = await store.collection.find(filter, withoutOutbox).sort({ _id: 1 }).limit(limit).toArray()
      return found.map(store.toState)
    },
    liveAt: async (sku, locationId) => {
      const filter = { ...live, allocations: { $elemMatch: { sku, locationId } } }
      const found = await store.collection.find(filter, withoutOutbox).sort({ createdAt: 1, _id: 1 }).toArray()
      return found.map(store.toState)
    },
  }
}
