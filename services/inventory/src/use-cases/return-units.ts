import { StockRestockedV1 } from '@tradewind/contracts/inventory'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import type { Demand, Reservation } from '../domain/reservation.ts'
import {
  finishRestock,
  openRestocks,
  type Placement,
  type Restock,
  restockOf,
  startRestock,
} from '../domain/restock.ts'
import { restockMovementId, returnUnits, stockId } from '../domain/stock.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import { changedStock } from './change-stock.ts'
import { ReservationBusy } from './follow-plan.ts'
import { requireLocation } from './known-place.ts'
import type { MoveOnce } from './move-once.ts'

/** Puts sold units of an order back on the shelf, once per `restockId`, and says how many were that order's. */
export type ReturnUnits = (given: {
  readonly orderId: string
  readonly restockId: string
  readonly lines: readonly Demand[]
  readonly reason: string
  readonly locationId?: string | undefined
}) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly locations: LocationRepository
  readonly moveOnce: MoveOnce
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeReturnUnits = (ports: Ports): ReturnUnits => {
  const { reservations, locations, now, newId } = ports
  const carryOut = makeCarryOutRestocks(ports)
  return async ({ orderId, restockId, lines, reason, locationId }) => {
    if (locationId !== undefined) await requireLocation(locations, locationId)
    const reservation = await reservations.update(orderId, (before) => {
      const known = restockOf(before, restockId)
      if (known !== undefined) return known.isDone ? announcedAgain(answerTo(restockId)) : unchanged()
      // The sale is just being carried out; the units are this order's in a moment.
      if (before.status === 'committing') throw ReservationBusy({ orderId })
      const request = { id: restockId, lines, reason, locationId }
      const after = startRestock(before, request, now())
      const decided = restockOf(after, restockId)
      return decided?.isDone === true ? changed(after, restocked(newId, orderId, decided)) : changed(after)
    })
    await carryOut(reservation)
  }
}

export type CarryOutRestocks = (reservation: Reservation) => Promise<void>

/** Carries on with units that were decided to come back. */
export const makeCarryOutRestocks = ({
  reservations,
  moveOnce,
  now,
  newId,
}: Omit<Ports, 'locations'>): CarryOutRestocks => {
  async function place(reservation: Reservation, { id, reason }: Restock, placement: Placement): Promise<void> {
    const { sku, fromLocationId, locationId, quantity } = placement
    const token = reservation.allocations.find((one) => one.sku === sku && one.locationId === fromLocationId)?.token
    const movement = {
      id: restockMovementId(id, stockId(sku, fromLocationId)),
      orderId: reservation.id,
      quantity,
      reason,
      // Who is still waited for on the shelf that sold them is not waited for any more.
      isWhereSold: locationId === fromLocationId,
      token,
    }
    await moveOnce([movement.id], { sku, locationId }, (before) =>
      changedStock(newId, before, returnUnits(before, movement, now())),
    )
  }

  return async (reservation) => {
    for (const restock of openRestocks(reservation)) {
      await Promise.all(restock.placements.map((placement) => place(reservation, restock, placement)))
      await reservations.update(reservation.id, (before) => {
        const after = finishRestock(before, restock.id)
        return after === before ? unchanged() : changed(after, restocked(newId, reservation.id, restock))
      })
    }
  }
}

const answerTo = (restockId: string) => ({ type: StockRestockedV1.type, having: { restockId } })

const restocked = (newId: Ports['newId'], orderId: string, { id: restockId, lines }: Restock) =>
  StockRestockedV1.create(newId('evt'), { orderId, restockId, lines: lines.map((line) => ({ ...line })) })
