import { ReservationExpiredV1, ReservationReleasedV1 } from '@tradewind/contracts/inventory'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { finishRelease, type Reservation, startRelease, tombstone } from '../domain/reservation.ts'
import { releaseHold, restock, stockId } from '../domain/stock.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { outcomeEvents } from './reservation-outcome.ts'

export type ReleaseReservation = (order: { orderId: string }) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
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

/** Carries on with a release that was decided. */
export const makeCarryOutRelease =
  ({ reservations, stock, now, newId }: Ports) =>
  async ({ id: orderId, allocations, wasCommitted = false }: Reservation): Promise<void> => {
    await Promise.all(
      allocations.map(({ sku, locationId, quantity }) =>
        stock.update(stockId(sku, locationId), (before) => {
          const after = wasCommitted ? restock(before, orderId, quantity, now()) : releaseHold(before, orderId)
          return after === before ? unchanged() : changed(after)
        }),
      ),
    )
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

const released = (newId: (prefix: string) => string, orderId: string, restocked: boolean) =>
  ReservationReleasedV1.create(newId('evt'), { orderId, restocked })
