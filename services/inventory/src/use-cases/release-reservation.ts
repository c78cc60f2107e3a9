import { ReservationExpiredV1, ReservationReleasedV1 } from '@tradewind/contracts/inventory'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import {
  type Allocation,
  everyShelf,
  finishRelease,
  type Reservation,
  startRelease,
  tombstone,
} from '../domain/reservation.ts'
import { returnedFrom } from '../domain/restock.ts'
import { restock, restockId, stockId } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'
import type { MoveOnce } from './move-once.ts'
import { releaseHolds } from './release-holds.ts'
import { requireUnits } from './require-units.ts'
import { outcomeEvents } from './reservation-outcome.ts'
import { makeCarryOutRestocks } from './return-units.ts'

export type ReleaseReservation = (order: { orderId: string }) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly moveOnce: MoveOnce
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Gives everything an order holds or has bought back to the shelves, also when the order itself never arrived. */
export const makeReleaseReservation = (ports: Ports): ReleaseReservation => {
  const carryOut = makeCarryOutRelease(ports)
  const { reservations, now, newId } = ports
  return async ({ orderId }) => {
    const reservation = await reservations.upsert(orderId, (before) => {
      if (before === undefined) return changed(tombstone(orderId, now()), released(newId, orderId, false))
      const after = startRelease(before, 'released', now())
      return after === before ? announcedAgain(...outcomeEvents(before)) : changed(after)
    })
    if (reservation?.status === 'releasing') await carryOut(reservation)
  }
}

export type CarryOutRelease = (reservation: Reservation) => Promise<void>

/** Carries on with a release that was decided. */
export const makeCarryOutRelease = (ports: Ports): CarryOutRelease => {
  const { reservations, ledger, moveOnce, now, newId } = ports
  const carryOutRestocks = makeCarryOutRestocks(ports)

  const putBack = async (reservation: Reservation, allocation: Allocation) => {
    const { id: orderId } = reservation
    const { sku, locationId, token } = allocation
    const id = stockId(sku, locationId)
    // What came back before is not this order's any more.
    const quantity = allocation.quantity - returnedFrom(reservation, allocation)
    const made = await ledger.ofOrders(id, [orderId])
    return await moveOnce([restockId(orderId, id)], { sku, locationId }, (before) => {
      requireUnits(before, reservation, allocation, made)
      return changedStock(newId, before, restock(before, orderId, quantity, now(), token))
    })
  }

  return async (reservation) => {
    const { id: orderId, allocations, plan, wasCommitted = false } = reservation
    // What was decided to come back before comes first: it tells which units are still waited for.
    await carryOutRestocks(reservation)
    if (wasCommitted) {
      await Promise.all(allocations.map((allocation) => putBack(reservation, allocation)))
    }
    const isPutBack = new Set(wasCommitted ? allocations.map(({ sku, locationId }) => stockId(sku, locationId)) : [])
    const others = new Map(everyShelf(reservation).map((shelf) => [stockId(shelf.sku, shelf.locationId), shelf]))
    const shelves = [...others].filter(([id]) => !isPutBack.has(id)).map(([, shelf]) => shelf)
    await releaseHolds(ports, orderId, shelves, plan)
    await reservations.update(orderId, (before) => {
      const after = finishRelease(before)
      if (after === before) return unchanged()
      const event =
        after.status === 'expired'
          ? ReservationExpiredV1.create(newId('evt'), { orderId })
          : released(newId, orderId, wasCommitted)
      return changed(after, event)
    })
  }
}

const released = (newId: (prefix: string) => string, orderId: string, restocked: boolean) =>
  ReservationReleasedV1.create(newId('evt'), { orderId, restocked })
