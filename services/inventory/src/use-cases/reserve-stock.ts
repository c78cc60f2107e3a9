import { ReservationHeldV1, ReservationRejectedV1 } from '@tradewind/contracts/inventory'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import {
  confirmHold,
  type Demand,
  everyShelf,
  planAllocation,
  type Reservation,
  reject,
  replan,
  type Shelf,
  type Shortage,
  startReservation,
  sumDemand,
} from '../domain/reservation.ts'
import { holdStock, NotEnoughStock, stockId } from '../domain/stock.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { releaseHolds } from './release-holds.ts'
import { outcomeEvents } from './reservation-outcome.ts'

export type ReserveStock = (order: { orderId: string; lines: readonly Demand[] }) => Promise<void>

export const ReservationBusy = defineError(
  'INVENTORY_RESERVATION_BUSY',
  'unavailable',
  'The reservation is being changed by somebody else. Try again in a moment.',
)

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
  readonly locations: LocationRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  /** How long a hold lasts without being committed. */
  readonly holdMs: number
}

/** How often other shelves are tried, before the event is tried again later, when somebody else took what was planned. */
const maxPlans = 4

/** Holds every line of an order or none, and says which. Safe to repeat: the plan is written before anything is taken. */
export const makeReserveStock = ({ reservations, stock, locations, now, newId, holdMs }: Ports): ReserveStock => {
  /** Where the order may take from, best first. What it holds itself counts as available to it. */
  async function shelvesFor(orderId: string, demand: readonly Demand[]): Promise<Shelf[]> {
    const [found, places] = await Promise.all([stock.findBySkus(demand.map(({ sku }) => sku)), locations.list()])
    const priority = new Map(places.map(({ id }, index) => [id, index]))
    const rank = (shelf: Shelf) => priority.get(shelf.locationId) ?? places.length
    return found
      .map(({ sku, locationId, available, holds }) => {
        const own = holds.find((hold) => hold.orderId === orderId)?.quantity ?? 0
        return { sku, locationId, available: available + own }
      })
      .toSorted((a, b) => rank(a) - rank(b))
  }

  const rejection = (orderId: string, unavailable: readonly Shortage[]) =>
    ReservationRejectedV1.create(newId('evt'), { orderId, reason: 'out_of_stock', unavailable: [...unavailable] })

  /** The reservation as it stands: new, or as an earlier delivery left it. Undefined when it ended right here. */
  async function begin(orderId: string, demand: readonly Demand[]): Promise<Reservation | undefined> {
    const plan = planAllocation(demand, await shelvesFor(orderId, demand))
    const expiresAt = new Date(now().getTime() + holdMs)
    try {
      if ('shortages' in plan) {
        await reservations.insert(
          reject(startReservation(orderId, demand, [], expiresAt)),
          rejection(orderId, plan.shortages),
        )
        return undefined
      }
      return await reservations.insert(startReservation(orderId, demand, plan.allocations, expiresAt))
    } catch (error) {
      if (!DuplicateKey.is(error)) throw error
      return await reservations.update(orderId, (found) => announcedAgain(...outcomeEvents(found)))
    }
  }

  /** True when every unit of the plan is held, false when somebody else was faster. */
  async function takeAll({ id: orderId, allocations, plan }: Reservation): Promise<boolean> {
    const taken = await Promise.all(
      allocations.map(async ({ sku, locationId, quantity }) => {
        try {
          await stock.update(stockId(sku, locationId), (before) => {
            const after = holdStock(before, orderId, quantity, plan)
            return after === before ? unchanged() : changed(after)
          })
          return true
        } catch (error) {
          if (NotEnoughStock.is(error)) return false
          throw error
        }
      }),
    )
    return !taken.includes(false)
  }

  async function confirm({ id: orderId, allocations: taken, plan }: Reservation): Promise<void> {
    const saved = await reservations.update(orderId, (before) => {
      const after = confirmHold(before, plan)
      if (after === before) return unchanged()
      const { allocations, expiresAt } = after
      return changed(
        after,
        ReservationHeldV1.create(newId('evt'), {
          orderId,
          expiresAt: expiresAt.toISOString(),
          allocations: [...allocations],
        }),
      )
    })
    // Another delivery has made another plan meanwhile: what was taken for this one goes back.
    if (saved.plan !== plan) await releaseHolds(stock, orderId, taken, plan)
    await leaveNothingBehind(saved)
    if (saved.status === 'holding') throw ReservationBusy({ orderId })
  }

  /** Gives back what this delivery, or one before it, may have taken that does not stand in the reservation. */
  async function leaveNothingBehind(reservation: Reservation): Promise<void> {
    const { id: orderId, status, plan, givenUp = [] } = reservation
    switch (status) {
      case 'holding':
      case 'held':
        return await releaseHolds(stock, orderId, givenUp, plan - 1)
      case 'committing':
      case 'releasing':
        // What is taken and what is given back cannot be told apart before this has ended.
        throw ReservationBusy({ orderId })
      case 'committed':
      case 'rejected':
      case 'released':
      case 'expired':
        return await releaseHolds(stock, orderId, everyShelf(reservation), plan)
    }
  }

  return async ({ orderId, lines }) => {
    const demand = sumDemand(lines)
    let reservation = await begin(orderId, demand)
    if (reservation === undefined) return
    if (reservation.status !== 'holding') return await leaveNothingBehind(reservation)
    for (let plans = 1; reservation.status === 'holding'; plans += 1) {
      if (await takeAll(reservation)) return await confirm(reservation)
      const given = reservation
      const next = planAllocation(demand, await shelvesFor(orderId, demand))
      // Decided before anything is given back: another delivery may just have confirmed this very plan.
      reservation = await reservations.update(orderId, (before) => {
        if (before.status !== 'holding' || before.plan !== given.plan) return unchanged()
        if ('allocations' in next) return changed(replan(before, next.allocations))
        return changed(reject(before), rejection(orderId, next.shortages))
      })
      await leaveNothingBehind(reservation)
      // There is enough, but others are faster each time: that is no reason to reject. The event comes again.
      if (plans === maxPlans) throw ReservationBusy({ orderId })
    }
  }
}
