import { ReservationCommittedV1 } from '@tradewind/contracts/inventory'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { finishCommit, startCommit, told } from '../domain/reservation.ts'
import { commitHold, stockId } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'
import { ReservationBusy } from './follow-plan.ts'
import { requireUnits } from './require-units.ts'
import { outcomeEvents } from './reservation-outcome.ts'
import { StockLost } from './upsert-stock.ts'

export type CommitReservation = (order: { orderId: string }) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Takes the held units out of stock. Once `committing` is written it is only carried on, by a repetition or the sweeper. Throws
 * `StockLost` and `UnitsMissing`.
 */
export const makeCommitReservation =
  ({ reservations, stock, ledger, now, newId }: Ports): CommitReservation =>
  async ({ orderId }) => {
    const reservation = await reservations.update(orderId, (before) => {
      const after = startCommit(before, now())
      return after === before ? announcedAgain(...outcomeEvents(before)) : changed(after)
    })
    const { status, allocations } = reservation
    // A part is just being given up: the rest is committed when the shelves have followed.
    if (status === 'holding') throw ReservationBusy({ orderId })
    if (status !== 'committing') return
    await Promise.all(
      allocations.map(async (allocation) => {
        const { sku, locationId, token } = allocation
        let isSold = false
        const id = stockId(sku, locationId)
        const shelf = await stock.upsert(id, (before) => {
          if (before === undefined) throw StockLost({ id })
          const after = commitHold(before, orderId, now(), token)
          isSold = after !== before
          return changedStock(newId, before, after)
        })
        // Sold before, or lost: only the movements tell.
        if (!isSold && shelf !== undefined)
          requireUnits(shelf, reservation, allocation, await ledger.ofOrders(id, [orderId]))
      }),
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
