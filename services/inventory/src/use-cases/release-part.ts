import type { Stored } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import { type Demand, type Reservation, releasePart } from '../domain/reservation.ts'
import type { AdjustmentClaims } from '../store/adjustment-claims.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import { type FollowPlan, ReservationBusy } from './follow-plan.ts'
import type { CarryOutRelease } from './release-reservation.ts'

/** Gives a part of what an order holds back, once per caller and idempotency key. Throws `ReservationNotHeld` and `NotReserved`. */
export type ReleasePart = (command: {
  readonly orderId: string
  readonly lines: readonly Demand[]
  readonly userId: string
  readonly idempotencyKey: string
}) => Promise<{ reservation: Reservation & Stored; replayed: boolean }>

interface Ports {
  readonly reservations: ReservationRepository
  readonly claims: AdjustmentClaims
  readonly followPlan: FollowPlan
  readonly carryOutRelease: CarryOutRelease
  readonly now: () => Date
}

export const makeReleasePart =
  ({ reservations, claims, followPlan, carryOutRelease, now }: Ports): ReleasePart =>
  async ({ orderId, lines, userId, idempotencyKey }) => {
    const { id } = await claims.claim(userId, idempotencyKey, JSON.stringify(['release', orderId, lines]))
    let replayed = false
    const decided = await reservations.update(orderId, (before) => {
      const after = releasePart(before, id, lines, now())
      replayed = after === before
      return replayed ? unchanged() : changed(after)
    })
    if (decided.status === 'holding') await followPlan.resume(decided)
    if (decided.status === 'releasing') await carryOutRelease(decided)
    const reservation = await reservations.find(orderId)
    if (reservation === undefined) throw ReservationBusy({ orderId })
    return { reservation, replayed }
  }
