import { ReservationHeldV1 } from '@tradewind/contracts/inventory'
import { changed, unchanged } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { type Allocation, confirmHold, everyShelf, type Reservation, told } from '../domain/reservation.ts'
import { holdStock, NotEnoughStock, tokenOf } from '../domain/stock.ts'
import { backordersAllowed } from '../domain/stock-policy.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import type { StockPolicyRepository } from '../store/stock-policy.repository.ts'
import { changedStock } from './change-stock.ts'
import { releaseHolds } from './release-holds.ts'
import { upsertStock } from './upsert-stock.ts'

export const ReservationBusy = defineError(
  'INVENTORY_RESERVATION_BUSY',
  'unavailable',
  'The reservation is being changed by somebody else. Try again in a moment.',
)

/** Digits of chance at the end of an id: enough to tell the deliveries of one order apart. */
const tokenLength = 12

interface Ports {
  readonly reservations: ReservationRepository
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly policies: StockPolicyRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Carries a reservation's written plan to the shelves, and back to it. Each part is safe to repeat. */
export interface FollowPlan {
  /** What of the plan is held. Less than the plan when somebody else was faster. */
  readonly takeAll: (reservation: Reservation) => Promise<readonly Allocation[]>
  /** Every unit of the plan is held: says so. Throws `ReservationBusy` when another plan is under way meanwhile. */
  readonly confirm: (reservation: Reservation, taken: readonly Allocation[]) => Promise<void>
  /** Gives back what this delivery, or one before it, may have taken that does not stand in the reservation. */
  readonly leaveNothingBehind: (reservation: Reservation) => Promise<void>
  /** Carries on with a plan that a crash left half done, unless somebody else has taken what it needs. */
  readonly resume: (reservation: Reservation) => Promise<void>
}

export function makeFollowPlan(ports: Ports): FollowPlan {
  const { reservations, policies, now, newId } = ports

  async function take({ id: orderId, plan }: Reservation, allocation: Allocation): Promise<Allocation | undefined> {
    const { sku, locationId, quantity, backordered = 0 } = allocation
    const ownToken = newId('hold').slice(-tokenLength)
    const policy = backordered > 0 ? backordersAllowed(await policies.find(sku), now()) : undefined
    const backorderLimit = policy?.limit ?? 0
    try {
      const saved = await upsertStock(ports, sku, locationId, (before) =>
        changedStock(
          newId,
          before,
          holdStock(before, { orderId, quantity, plan, token: ownToken, backordered, backorderLimit }, now()),
        ),
      )
      // Another delivery may have taken it before, with a token of its own.
      const token = saved === undefined ? undefined : tokenOf(saved, orderId)
      return { ...allocation, ...(token !== undefined && { token }) }
    } catch (error) {
      if (NotEnoughStock.is(error)) return undefined
      throw error
    }
  }

  const takeAll: FollowPlan['takeAll'] = async (reservation) => {
    const { allocations } = reservation
    const taken = await Promise.all(allocations.map((allocation) => take(reservation, allocation)))
    return taken.flatMap((one) => one ?? [])
  }

  const confirm: FollowPlan['confirm'] = async ({ id: orderId, plan }, taken) => {
    const saved = await reservations.update(orderId, (before) => {
      const after = confirmHold(before, plan, taken)
      return after === before ? unchanged() : changed(after, held(newId, after))
    })
    // Another delivery has made another plan meanwhile: what was taken for this one goes back.
    if (saved.plan !== plan) await releaseHolds(ports, orderId, taken, plan)
    await leaveNothingBehind(saved)
    if (saved.status === 'holding') throw ReservationBusy({ orderId })
  }

  const leaveNothingBehind: FollowPlan['leaveNothingBehind'] = async (reservation) => {
    const { id: orderId, status, plan, givenUp = [] } = reservation
    switch (status) {
      case 'holding':
      case 'held':
        return await releaseHolds(ports, orderId, givenUp, plan - 1)
      case 'committing':
      case 'releasing':
        // What is taken and what is given back cannot be told apart before this has ended.
        throw ReservationBusy({ orderId })
      case 'committed':
      case 'rejected':
      case 'released':
      case 'expired':
        return await releaseHolds(ports, orderId, everyShelf(reservation), plan)
    }
  }

  return {
    takeAll,
    confirm,
    leaveNothingBehind,
    resume: async (reservation) => {
      const taken = await takeAll(reservation)
      if (taken.length < reservation.allocations.length) return
      // Before it is confirmed: from then on nobody would carry on with it.
      await leaveNothingBehind(reservation)
      await confirm(reservation, taken)
    },
  }
}

/** Every line is held, until when. */
export const held = (
  newId: (prefix: string) => string,
  { id: orderId, expiresAt, allocations }: Reservation,
): ReturnType<typeof ReservationHeldV1.create> =>
  ReservationHeldV1.create(newId('evt'), {
    orderId,
    expiresAt: expiresAt.toISOString(),
    allocations: allocations.map(told),
  })
