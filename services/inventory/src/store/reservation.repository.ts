import {
  type AggregateDocument,
  type Aggregates,
  createAggregateStore,
  type Stored,
  type WithOutbox,
} from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db, Filter } from 'mongodb'
import type { Reservation } from '../domain/reservation.ts'

export interface ReservationRepository extends Aggregates<Reservation> {
  /** Orders whose reservation waits for the sweeper. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
  readonly findMany: (orderIds: readonly string[]) => Promise<ReadonlyMap<string, Reservation & Stored>>
  /** Reservations under way, and those for which units may still have to come, in the order of their ids. */
  readonly walkOpen: (after: string, limit: number) => Promise<(Reservation & Stored)[]>
  /** Every reservation of a SKU, also those that have ended, in the order of their ids. Reads them all. */
  readonly walkSku: (sku: string, after: string, limit: number) => Promise<(Reservation & Stored)[]>
}

export function createReservationRepository(db: Db, now: () => Date): ReservationRepository & WithOutbox {
  const store = createAggregateStore<Reservation>(db, 'reservations', { now })
  const withoutOutbox = { projection: { 'outbox.entries': 0 } }
  const walk = async (filter: Filter<AggregateDocument>, after: string, limit: number) => {
    const further = { ...filter, _id: { $gt: after } }
    const found = await store.collection.find(further, withoutOutbox).sort({ _id: 1 }).limit(limit).toArray()
    return found.map(store.toState)
  }
  // Only what is under way waits for the sweeper.
  const isOpen = { $or: [{ dueAt: { $exists: true } }, { 'allocations.backordered': { $exists: true } }] }
  return {
    ...store,
    dueBefore: (before, limit) => idsDueBefore(store.collection, before, limit),
    findMany: async (orderIds) => {
      if (orderIds.length === 0) return new Map()
      const found = await store.collection.find({ _id: { $in: [...orderIds] } }, withoutOutbox).toArray()
      return new Map(found.map((document) => [document._id, store.toState(document)]))
    },
    walkOpen: (after, limit) => walk(isOpen, after, limit),
    walkSku: (sku, after, limit) => walk({ 'demand.sku': sku }, after, limit),
  }
}
