import { ReservationRejectedV1 } from '@tradewind/contracts/inventory'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import type { AllocationStrategy } from '../domain/allocation.ts'
import { planAllocation } from '../domain/allocation.ts'
import {
  type Allocation,
  type Demand,
  type Reservation,
  reject,
  replan,
  type Shortage,
  startReservation,
  sumDemand,
} from '../domain/reservation.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { FindShelves } from './find-shelves.ts'
import { type FollowPlan, ReservationBusy } from './follow-plan.ts'
import { outcomeEvents } from './reservation-outcome.ts'

export type ReserveStock = (order: { orderId: string; lines: readonly Demand[] }) => Promise<void>

interface Ports {
  readonly reservations: ReservationRepository
  readonly findShelves: FindShelves
  readonly followPlan: FollowPlan
  readonly strategy: AllocationStrategy
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  /** How long a hold lasts without being committed. */
  readonly holdMs: number
}

/** How often other shelves are tried, before the event is tried again later, when somebody else took what was planned. */
const maxPlans = 4

/** Holds every line of an order or none, and says which. Safe to repeat: the plan is written before anything is taken. */
export const makeReserveStock = (ports: Ports): ReserveStock => {
  const { reservations, findShelves, followPlan, strategy, now, newId, holdMs } = ports

  /** Where to take from. What the order has taken already counts as there. */
  async function plan(demand: readonly Demand[], taken: readonly Allocation[]) {
    const { shelves, backlogs } = await findShelves(demand, taken)
    return planAllocation(demand, shelves, { strategy, backlogs })
  }

  const rejection = (orderId: string, unavailable: readonly Shortage[]) =>
    ReservationRejectedV1.create(newId('evt'), { orderId, reason: 'out_of_stock', unavailable: [...unavailable] })

  /** The reservation as it stands: new, or as an earlier delivery left it. Undefined when it ended right here. */
  async function begin(orderId: string, demand: readonly Demand[]): Promise<Reservation | undefined> {
    const planned = await plan(demand, [])
    const expiresAt = new Date(now().getTime() + holdMs)
    try {
      if ('shortages' in planned) {
        await reservations.insert(
          reject(startReservation(orderId, demand, [], expiresAt)),
          rejection(orderId, planned.shortages),
        )
        return undefined
      }
      return await reservations.insert(startReservation(orderId, demand, planned.allocations, expiresAt))
    } catch (error) {
      if (!DuplicateKey.is(error)) throw error
      return await reservations.update(orderId, (found) => announcedAgain(...outcomeEvents(found)))
    }
  }

  return async ({ orderId, lines }) => {
    let reservation = await begin(orderId, sumDemand(lines))
    if (reservation === undefined) return
    if (reservation.status !== 'holding') return await followPlan.leaveNothingBehind(reservation)
    for (let plans = 1; reservation.status === 'holding'; plans += 1) {
      const taken = await followPlan.takeAll(reservation)
      if (taken.length === reservation.allocations.length) return await followPlan.confirm(reservation, taken)
      const given: Reservation = reservation
      const next = await plan(given.demand, taken)
      // Decided before anything is given back: another delivery may just have confirmed this very plan.
      reservation = await reservations.update(orderId, (before) => {
        if (before.status !== 'holding' || before.plan !== given.plan) return unchanged()
        if ('allocations' in next) return changed(replan(before, next.allocations))
        return changed(reject(before), rejection(orderId, next.shortages))
      })
      await followPlan.leaveNothingBehind(reservation)
      // There is enough, but others are faster each time: that is no reason to reject. The event comes again.
      if (plans === maxPlans) throw ReservationBusy({ orderId })
    }
  }
}
