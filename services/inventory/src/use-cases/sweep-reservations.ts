import { changed, unchanged } from '@tradewind/database/decision'
import { isExpired, startRelease } from '../domain/reservation.ts'
import { openRestocks } from '../domain/restock.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { CommitReservation } from './commit-reservation.ts'
import type { FollowPlan } from './follow-plan.ts'
import type { CarryOutRelease } from './release-reservation.ts'
import type { CarryOutRestocks } from './return-units.ts'

export type SweepReservations = () => Promise<number>

interface Ports {
  readonly reservations: ReservationRepository
  readonly commit: CommitReservation
  readonly carryOutRelease: CarryOutRelease
  readonly carryOutRestocks: CarryOutRestocks
  readonly followPlan: FollowPlan
  readonly now: () => Date
}

const batch = 200

/** Expires holds whose time is up and carries on with steps that a crash left undone. Any replica may run it, also at once. */
export const makeSweepReservations =
  ({ reservations, commit, carryOutRelease, carryOutRestocks, followPlan, now }: Ports): SweepReservations =>
  async () => {
    const due = await reservations.dueBefore(now(), batch)
    await Promise.all(
      due.map(async (orderId) => {
        const reservation = await reservations.update(orderId, (before) =>
          isExpired(before, now()) ? changed(startRelease(before, 'expired', now())) : unchanged(),
        )
        if (reservation.status === 'holding') await followPlan.resume(reservation)
        if (reservation.status === 'committing') await commit({ orderId })
        if (reservation.status === 'releasing') await carryOutRelease(reservation)
        if (openRestocks(reservation).length > 0) await carryOutRestocks(reservation)
      }),
    )
    return due.length
  }
