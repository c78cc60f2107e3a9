import { extendReservationRoute, getReservationRoute, releasePartRoute } from '@tradewind/contracts/inventory'
import { defineError } from '@tradewind/service-kit/errors'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Reservation } from '../domain/reservation.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { ExtendReservation } from '../use-cases/extend-reservation.ts'
import type { ReleasePart } from '../use-cases/release-part.ts'

const ReservationNotFound = defineError(
  'INVENTORY_RESERVATION_NOT_FOUND',
  'not-found',
  'There is no reservation for this order.',
)

type StoredReservation = Reservation & { readonly createdAt: Date; readonly updatedAt: Date }

const present = ({ id, status, allocations, expiresAt, createdAt, updatedAt }: StoredReservation) => ({
  orderId: id,
  status,
  allocations: allocations.map(({ token: _token, ...allocation }) => allocation),
  expiresAt: expiresAt.toISOString(),
  createdAt: createdAt.toISOString(),
  updatedAt: updatedAt.toISOString(),
})

async function requireReservation(reservations: ReservationRepository, orderId: string): Promise<StoredReservation> {
  const found = await reservations.find(orderId)
  if (found === undefined) throw ReservationNotFound({ orderId })
  return found
}

export const getReservation = (reservations: ReservationRepository) =>
  implementRoute(getReservationRoute, async ({ params: { orderId } }) => ({
    status: 200,
    body: present(await requireReservation(reservations, orderId)),
  }))

export const postExtension = (extendReservation: ExtendReservation, reservations: ReservationRepository) =>
  implementRoute(extendReservationRoute, async ({ params: { orderId }, body: { minutes } }) => {
    await requireReservation(reservations, orderId)
    return { status: 200, body: present(await extendReservation({ orderId, minutes })) }
  })

export const postPartialRelease = (releasePart: ReleasePart, reservations: ReservationRepository) =>
  implementRoute(releasePartRoute, async ({ params: { orderId }, body: { lines }, headers, caller }) => {
    await requireReservation(reservations, orderId)
    const { reservation, replayed } = await releasePart({
      orderId,
      lines,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: 200, body: present(reservation), ...replayedHeaders(replayed) }
  })
