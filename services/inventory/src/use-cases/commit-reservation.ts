import { ReservationCommittedV1 } from '@tradewind/contracts/inventory'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { finishCommit, startCommit, told } from '../domain/reservation.ts'
import { commitHold, stockId } from '../domain/stock.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'
import { ReservationBusy } from './follow-plan.ts'
import { outcomeEvents } from './reservation-outcome.ts'

export type CommitReservation = (order: { orderId: string }) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Takes the held units out of stock. Once `committing` is written it is only carried on, by a repetition or the sweeper. */
export const makeCommitReservation =
  ({ reservations, stock, now, newId }: Ports): CommitReservation =>
  async ({ orderId }) => {
    const { status, allocations } = await reservations.update(orderId, (before) => {
      const after = startCommit(before, now())
      return after === before ? announcedAgain(...outcomeEvents(before)) : changed(after)
    })
    // A part is just being given up: the rest is committed when the shelves have followed.
    if (status === 'holding') throw ReservationBusy({ orderId })
    if (status !== 'committing') return
    await Promise.all(
      allocations.map(({ sku, locationId, token }) =>
        stock.update(stockId(sku, locationId), (before) =>
          changedStock(newId, before, commitHold(before, orderId, now(), token)),
        ),
      ),
    )
    await reservations.update(orderId, (before) => {
      const after = finishCommit(before)
      if (after === before) return unchanged()
      return changed(
        after,
        ReservationCommittedV1.create(newId('evt'), { orderId, allocations: after.allocations.map(told) }),
      )
    })
  }
